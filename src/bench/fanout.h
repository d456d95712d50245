/*
 * Mode fanout: publishers send, and every member of the room gets it. The two halves of the mode
 * know each other by this: fanout_publish.c sends, fanout_member.c receives, fanout.c is the mode.
 */
#ifndef WSRELAYD_BENCH_FANOUT_H
#define WSRELAYD_BENCH_FANOUT_H

#include "bench/connection.h"
#include "bench/mode.h"
#include "bench/room.h"

/* How far the members of one thread are with one publisher. */
struct progress_of_members {
    uint64_t done;    /* so many publications all of them have */
    uint64_t *counts; /* ring: how many have this one, the ended ones included */
};

/* An engine's state. */
struct crowd {
    uint64_t members_begun; /* connections */
    uint64_t publishers_begun;
    bool seated;      /* all members are there, or have failed */
    uint64_t members; /* that there are to be */
    uint64_t members_ended;
    struct progress_of_members of[]; /* by publisher */
};

/* A connection of either kind. */
struct seat {
    struct connection connection;

    /* Of one that publishes. */
    struct publisher *publisher; /* NULL: a member */
    struct schedule schedule;    /* without an interval when it has no rate */
    uint64_t due;                /* publications; with a rate */
    uint64_t allowed;            /* publications that may have begun */
    uint64_t allowed_ns;         /* when the last ones were; without a rate */
    struct deflater *deflater;   /* NULL until it is needed */
    uint8_t *scratch;            /* a payload to be compressed, and behind it what it becomes */
    uint8_t *staged;             /* frames that are being sent */
    size_t staged_room;

    /* Of a member. */
    uint64_t *next; /* by publisher: the publication that comes next */
    size_t message_bytes;
    struct publisher *current; /* who sent the message at hand; known once it has its stamp */
    uint64_t sequence;
    uint8_t stamp[STAMP_BYTES];
};

struct seat *seat_of(struct connection *connection);
struct room *room_of(const struct engine *engine);
struct crowd *crowd_of(const struct engine *engine);
size_t publisher_number(const struct room *room, const struct publisher *publisher);

/* The load begins: publishers with a rate take turns. */
void publish_start(struct seat *seat);

/* Begins what may be begun, and sends. */
void publish_more(struct seat *seat);

/* Nothing of a publisher that is gone is waited for. */
void publish_end(struct seat *seat, enum ending ending);

void member_open(struct seat *seat);
void member_receive(struct seat *seat, const uint8_t *bytes, size_t length);
void member_end(struct seat *seat, enum ending ending);

/* Counts what members that have ended do not get any more. */
void members_advance(struct engine *engine, size_t publisher);

/* Whether it has everything; else since when what comes next is on its way. */
bool member_is_complete(const struct seat *seat, uint64_t *since_ns);

extern const struct mode fanout_mode;

#endif

/*
 * A connection to the server, from the first packet on. What has ended is freed when the
 * turn is over.
 */
#ifndef WSRELAYD_BENCH_CONNECTION_H
#define WSRELAYD_BENCH_CONNECTION_H

#include "base/list.h"
#include "bench/deflate.h"
#include "bench/engine.h"
#include "bench/frames.h"
#include "bench/mode.h"
#include "bench/stream.h"

enum connection_state {
    CONNECTION_CONNECTING,
    CONNECTION_SECURING,
    CONNECTION_UPGRADING,
    CONNECTION_OPEN,
    CONNECTION_CLOSING, /* this side has said that it ends */
    CONNECTION_DEAD,
};

enum { CONTROL_FRAME_MAX = 2 + 4 + FRAME_CONTROL_MAX_BYTES };

struct connection {
    struct engine *engine;
    struct stream stream;
    enum connection_state state;
    bool deflates;      /* messages may be compressed, either way */
    bool keeps_context; /* the server, while it compresses */
    bool inflates;      /* what was fed to the inflater is not used up */
    bool piece_ends;    /* the message, with that */
    bool opening;       /* counts as such in its engine */
    bool watches_room;  /* waits until the kernel takes more */
    bool answer_waits;  /* `control` is to be sent */
    bool said_goodbye;  /* the server's Close has come */
    const uint8_t *unsent;
    size_t unsent_bytes;
    uint64_t begun_ns;
    uint64_t progress_ns; /* when its state changed last, or bytes of a message came */
    struct frames frames;
    struct list_node node;
    struct connection *next_ended;
    const struct endpoint *endpoint;
    struct inflater *inflater; /* NULL until it is needed */
    char *head; /* request, then as much of the answer as has come; NULL when there is enough */
    size_t head_bytes;
    size_t control_bytes;
    uint8_t control[CONTROL_FRAME_MAX];
};

static inline void connection_enter(struct connection *connection, enum connection_state state)
{
    connection->state = state;
    connection->progress_ns = connection->engine->now_ns;
}

/* Bytes of a message have come that was to come. */
static inline void connection_progresses(struct connection *connection)
{
    if (connection->state == CONNECTION_OPEN) {
        connection->progress_ns = connection->engine->now_ns;
    }
}

/* Begins. `connection_bytes` of the mode are allocated; on failure the fault is counted. */
void connection_open(struct engine *engine, const struct endpoint *endpoint, uint64_t begun_ns);

/* Takes the connection out of those that count as opening. */
void connection_settle(struct connection *connection);

void connection_ready(struct connection *connection, uint32_t events);

/* Whether connection_send may be called: it is open, and everything before has gone. */
static inline bool connection_can_send(const struct connection *connection)
{
    return connection->state == CONNECTION_OPEN && connection->unsent_bytes == 0;
}

/*
 * As much of what is unsent as the kernel takes. A connection that has failed fails when what has
 * come before is read, which may say why.
 */
void connection_flush(struct connection *connection);

/* Waits for room to send, or no longer. */
void connection_watch(struct connection *connection, bool room);

/* Sends bytes that stay as they are until they have gone; what the kernel does not take, later. */
void connection_send(struct connection *connection, const uint8_t *bytes, size_t length);

/*
 * Gives the next piece of a data message in what came, decompressed. Answers control frames.
 * Returns false when there is no more, or the connection has ended.
 */
bool connection_next(struct connection *connection, const uint8_t **input, const uint8_t *end,
                     struct frames_piece *piece);

/* Reads messages that are of no interest: those that were on their way to the end, say. */
void connection_discard(struct connection *connection, const uint8_t *bytes, size_t length);

/* Ends it. Frees nothing: events of this turn may still name it. */
void connection_finish(struct connection *connection, enum ending ending);

/* Counts a fault and ends the connection. */
void connection_fail(struct connection *connection, enum fault fault, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The closing handshake, begun by this side. */
void connection_close(struct connection *connection);

/* Ends it without waiting for the server. */
void connection_leave(struct connection *connection);

/*
 * Fails it if something is due and has got no further for `timeout_ns`, or has not come whole so
 * long after the end of the measurement.
 */
void connection_check_timeout(struct connection *connection, uint64_t timeout_ns);

#endif

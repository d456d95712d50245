/*
 * What the threads of a fan-out share: how far each publisher is, when each of its publications
 * under way was sent, and which of them all members have.
 */
#ifndef WSRELAYD_BENCH_ROOM_H
#define WSRELAYD_BENCH_ROOM_H

#include "bench/settings.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct engine;

struct publication {
    _Atomic uint64_t sent_ns;      /* or due, where that is the measure */
    _Atomic uint64_t engines_done; /* on how many threads all members have it */
};

/* Publications are numbered from 0. */
struct publisher {
    struct engine *engine; /* that publishes, to be woken when all have what is under way */
    _Atomic bool gone;     /* its connection has ended: nothing is to be expected any more */
    _Atomic uint64_t left; /* publications that it may still begin */
    _Atomic uint64_t published;
    _Atomic uint64_t completed; /* so many of them all members have */
    struct publication *ring;   /* a slot for each that can be under way */
};

struct room {
    struct publisher *publishers;
    uint64_t publisher_count;
    uint64_t threads;
    _Atomic uint64_t seated; /* threads whose members are all there */
    uint64_t slots;          /* of a ring, a power of two */
};

/* Ends the program when memory is short. */
struct room *room_create(const struct settings *settings);
void room_free(struct room *room);

static inline size_t room_slot(const struct room *room, uint64_t sequence)
{
    return (size_t)(sequence & (room->slots - 1));
}

/* Nothing more is to be expected of it. */
void publisher_leave(struct publisher *publisher);

/* All members of one thread have this publication. */
void room_engine_done(struct room *room, struct publisher *publisher, uint64_t sequence);

uint64_t room_published(const struct room *room);

/* ---- how a payload says what it is ---- */

/* Hexadecimal digits, so that it may be text: the publisher's number, the publication's. */
enum {
    STAMP_PUBLISHER_DIGITS = 4,
    STAMP_SEQUENCE_DIGITS = 12,
    STAMP_BYTES = STAMP_PUBLISHER_DIGITS + STAMP_SEQUENCE_DIGITS,
    PUBLISHERS_MAX = 1 << 4 * STAMP_PUBLISHER_DIGITS,
};

void stamp_write(uint8_t stamp[STAMP_BYTES], uint64_t publisher, uint64_t sequence);

/* Returns false when it is none. */
bool stamp_read(const uint8_t stamp[STAMP_BYTES], uint64_t *publisher, uint64_t *sequence);

#endif

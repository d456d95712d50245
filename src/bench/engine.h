/*
 * One thread: its epoll set and its share of the connections.
 */
#ifndef WSRELAYD_BENCH_ENGINE_H
#define WSRELAYD_BENCH_ENGINE_H

#include "base/list.h"
#include "bench/histogram.h"
#include "bench/run.h"
#include "bench/schedule.h"

#include <pthread.h>

enum { ENGINE_BUFFER_BYTES = 256 * 1024 };

struct connection;

struct engine {
    struct run *run;
    const struct mode *mode;
    uint64_t number;
    pthread_t thread;
    int epoll;
    int wake_fd;
    int timer_fd;

    int phase;           /* that it has noticed last */
    uint64_t phase_ns;   /* when it did */
    bool loading;        /* operations may begin */
    uint64_t left;       /* so many of them */
    _Atomic int reached; /* the last phase in which it has done what that is for */

    struct list_node connections;
    struct connection *ended; /* to be freed at the end of the turn */
    uint64_t alive;           /* on the list of connections */
    uint64_t to_open;
    uint64_t opening; /* begun, but not yet what the mode calls open */
    uint64_t window;  /* at most so many of these */
    struct schedule schedule;
    size_t next_source;
    uint64_t exchanges; /* begun so far */

    uint64_t now_ns;       /* since the last wait or reception */
    uint64_t next_scan_ns; /* for connections that have waited too long */
    uint64_t seed;
    uint8_t *buffer;   /* what was received; ENGINE_BUFFER_BYTES, as the next */
    uint8_t *inflated; /* what was decompressed of that; NULL without --deflate */
    void *state;       /* of the mode */

    _Atomic uint64_t operations;
    struct histogram latency;
};

/* Whether `run` has started the engine's thread is the caller's affair; it ends the program. */
void engine_start(struct engine *engine, struct run *run, uint64_t number);
void engine_join(struct engine *engine);

/* Any thread: makes it look at the phase, and call tick. */
void engine_wake(const struct engine *engine);

/* This engine's share of something that is split evenly. */
uint64_t engine_share(const struct engine *engine, uint64_t whole);

/* Counts operations that took so long. */
static inline void engine_count(struct engine *engine, uint64_t operations)
{
    histogram_raise(&engine->operations, operations);
}

/* Wakes the engine at that moment at the latest, once. */
void engine_wake_at(const struct engine *engine, uint64_t time_ns);

/* When the next operation of a schedule is due; never if it has none. */
void engine_wake_when_due(const struct engine *engine, const struct schedule *schedule);

uint64_t engine_clock_ns(void);

#endif

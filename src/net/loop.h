/*
 * What the connections of one thread share: what it waits for, the clock, the timing wheel, the
 * buffers of the hot path, free lists, counters, and the work that is done at the end of a turn.
 *
 * A callback is one connection's event being handled; a turn is one pass over everything that was
 * ready. Buffers that a callback uses are empty again when it ends, so an idle connection owns
 * none.
 */
#ifndef WSRELAYD_NET_LOOP_H
#define WSRELAYD_NET_LOOP_H

#include "base/list.h"
#include "base/pool.h"
#include "base/queue.h"
#include "base/wheel.h"
#include "net/admission.h"
#include "net/counters.h"
#include "net/departure.h"
#include "net/fan_out.h"
#include "net/inbound.h"
#include "net/output.h"
#include "net/route_counters.h"
#include "net/snapshot.h"
#include "net/tally.h"
#include "net/tls_wire.h"
#include "net/watch.h"
#include "net/watch_timer.h"
#include "protocol/http.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;
struct relay_worker;

/*
 * In one callback: frames, and members they go to. Many, because all that a turn brings to a member
 * leaves in one system call, which costs as much as fifty deliveries: with 1024, eight publications
 * to a thousand members took four calls for each member and five times the time.
 */
enum { LOOP_DELIVERIES_MAX = 16384 };

struct loop {
    struct snapshot *snapshot; /* a reference; replaced between callbacks by a reload */

    /* Set once, read by the thread. */
    unsigned index;
    struct admission *admission;
    struct relay_worker *rooms;                 /* this thread's part of the relay */
    void (*connection_gone)(struct loop *loop); /* tells the owner of the thread; may be NULL */
    void *owner;

    struct watch_set watches; /* all that the thread waits for */

    /* The callback at hand. */
    struct conn *current; /* NULL between callbacks */
    size_t deliveries;    /* of LOOP_DELIVERIES_MAX, spent by the callback so far */
    struct output output;
    struct tls_wire wire;
    struct inbound inbound; /* of a connection that has none of its own, idle between callbacks */
    struct http_field *fields; /* limits.headers of the snapshot */
    char *path_buffer;         /* limits.request_line_bytes of the snapshot */

    /* The turn. */
    int64_t now_us; /* when the clock was read */
    int64_t now_ms;
    bool clock_stale;           /* the next callback reads the clock */
    struct fan_out fan_out;     /* of publications to connections for which nothing else waits */
    struct queue dirty;         /* connections to be flushed */
    struct queue runnable;      /* connections to be run again without waiting for readiness */
    struct list_node graveyard; /* dead connections, freed when the turn ends */

    struct list_node connections; /* all that are alive */
    size_t connection_count;      /* on both lists */
    uint64_t last_number;         /* of a connection */
    struct list_node scans;       /* of the connections, that are under way */
    struct wheel wheel;
    struct watch_timer timer;   /* for the next occupied slot of the wheel */
    int64_t timer_ms;           /* what it runs to; -1: it is not running */
    bool stopping;              /* no upgrade is accepted any more */
    struct departure departure; /* when and how those go that are departing */
    uint64_t random_state;
    struct pool pool;
    struct counters counters;
    struct route_counters_table routes;
    struct tally tally;
};

/* Returns NULL when memory or descriptors are short. A reference to the snapshot is taken. */
struct loop *loop_create(unsigned index, struct snapshot *snapshot, struct admission *admission);

/* What a loop takes over from a snapshot; made beside it. */
struct loop_settings {
    struct snapshot *snapshot; /* a reference */
    struct http_field *fields;
    char *path_buffer;
};

/* Takes a reference to the snapshot. False when memory is short. Release in any case. */
bool loop_settings_init(struct loop_settings *settings, struct snapshot *snapshot);
void loop_settings_release(struct loop_settings *settings);

/* Exchanges what the loop has for *settings, between callbacks: it is in force from now on. */
void loop_exchange_settings(struct loop *loop, struct loop_settings *settings);

/* All connections must be gone. */
void loop_free(struct loop *loop);

/* The time of this turn (ms, monotonic), read when a callback asks first. */
int64_t loop_refresh_clock(struct loop *loop);

static inline int64_t loop_now(struct loop *loop)
{
    return loop->clock_stale ? loop_refresh_clock(loop) : loop->now_ms;
}

/* Pseudo-random bits for spreading things out; nothing secret. */
uint32_t loop_random(struct loop *loop);

/*
 * One pass: waits for something to be ready (not at all while a connection is still to be flushed
 * or run), handles what is, then does the end-of-turn work: `mail` (taking the thread's mailbox),
 * flushing, running, timers, reaping. Returns false when waiting has failed.
 */
bool loop_turn(struct loop *loop, void (*mail)(void *owner));

#endif

/*
 * What a worker counts. Written by the worker alone, read by any thread: no atomic
 * read-modify-write is needed.
 */
#ifndef WSRELAYD_NET_COUNTERS_H
#define WSRELAYD_NET_COUNTERS_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum counter {
    COUNTER_CONNECTIONS,        /* accepted */
    COUNTER_UPGRADES,           /* answered 101 */
    COUNTER_REFUSALS,           /* answered anything else that was no success */
    COUNTER_PAGES,              /* answered 200: the test page, .http and .sse */
    COUNTER_TLS_FAILURES,       /* TLS handshakes that failed */
    COUNTER_HANDSHAKE_TIMEOUTS, /* handshakes that were not done in time */
    COUNTER_OVER_LIMIT,         /* answered 503 because of limits.connections or limits.pending */
    COUNTER_HEAD_TOO_LARGE,     /* answered 414 or 431 */
    COUNTER_MESSAGES_IN,
    COUNTER_MESSAGES_OUT,
    COUNTER_BYTES_IN,
    COUNTER_BYTES_OUT,
    COUNTER_PROTOCOL_ERRORS,  /* closed with 1002 */
    COUNTER_INVALID_DATA,     /* closed with 1007 */
    COUNTER_POLICY,           /* closed with 1008: fragments, idle */
    COUNTER_TOO_BIG,          /* closed with 1009 */
    COUNTER_INTERNAL_ERRORS,  /* closed with 1011 */
    COUNTER_TOO_SLOW,         /* closed with 1013 */
    COUNTER_SEND_TIMEOUTS,    /* took nothing for timeouts.send */
    COUNTER_PING_TIMEOUTS,    /* answered no Ping */
    COUNTER_IDLE_TIMEOUTS,    /* sent no message for idle_timeout */
    COUNTER_AGE_LIMITS,       /* reached max_connection_age */
    COUNTER_CLOSE_TIMEOUTS,   /* did not answer our Close */
    COUNTER_LOST_CONNECTIONS, /* ended without a Close frame */
    /* Of those that were open when the process was told to end: */
    COUNTER_STOPPED_CLEAN,     /* got our Close, and ended */
    COUNTER_STOPPED_FORCED,    /* ended in any other way */
    COUNTER_STOPPED_UNFLUSHED, /* of which something was still to be sent */
    COUNTER_SLOW_READERS,      /* closed because their queue was full */
    COUNTER_PINGS,             /* Pings sent */
    COUNTER_PUBLICATIONS,      /* into rooms */
    COUNTER_DELIVERIES,        /* members that publications were for */
    COUNTER_DROPS_QUEUE_FULL,  /* publications that a slow reader was not given */
    COUNTER_DROPS_CLOSING,     /* publications for connections that were being closed */
    COUNTER_TLS_1_2,           /* TLS handshakes that were done: anew, and resumed */
    COUNTER_TLS_1_2_RESUMED,
    COUNTER_TLS_1_3,
    COUNTER_TLS_1_3_RESUMED,
    COUNTER_COUNT
};

struct counters {
    _Atomic uint64_t values[COUNTER_COUNT];
};

/* The name of each, as statistics show it. */
extern const char *const counter_names[COUNTER_COUNT];

/* The owning worker's thread. */
static inline void counter_add(struct counters *counters, enum counter counter, uint64_t amount)
{
    _Atomic uint64_t *value = &counters->values[counter];

    atomic_store_explicit(value, atomic_load_explicit(value, memory_order_relaxed) + amount,
                          memory_order_relaxed);
}

/* Any thread. */
static inline uint64_t counter_read(const struct counters *counters, enum counter counter)
{
    return atomic_load_explicit(&counters->values[counter], memory_order_relaxed);
}

#endif

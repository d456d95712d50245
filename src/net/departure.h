/*
 * How connections of a loop leave when the server wants them to: each at a moment of its own,
 * spread evenly over a span, so that they do not all come back at once to whoever serves them next.
 *
 * The moment is computed from the connection's address in memory whenever it is asked for: nothing
 * is kept for each connection but that it is leaving.
 */
#ifndef WSRELAYD_NET_DEPARTURE_H
#define WSRELAYD_NET_DEPARTURE_H

#include <stdint.h>

struct departure {
    int64_t start_ms;   /* monotonic */
    int64_t span_ms;    /* at most a day: the schema's limit of timeouts.drain */
    uint32_t seed;      /* differs from loop to loop and from time to time */
    uint16_t code;      /* of the Close, which is orderly */
    const char *reason; /* static */
};

/* When the connection at this address leaves (ms, monotonic): in [start, start + span). */
static inline int64_t departure_moment_ms(const struct departure *departure, const void *conn)
{
    /* Multiplicative hashing: the upper half of the product depends on every bit of the address,
     * whose lowest four are always 0. */
    uint64_t mixed = (((uintptr_t)conn >> 4) + departure->seed) * 0x9E3779B97F4A7C15U;

    return departure->start_ms + (int64_t)(((mixed >> 32) * (uint64_t)departure->span_ms) >> 32);
}

#endif

/*
 * What a loop counts that is more than a number: closes by code and side, and how long things took.
 * The loop's thread only.
 */
#ifndef WSRELAYD_NET_TALLY_H
#define WSRELAYD_NET_TALLY_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Durations by upper bounds (inclusive), the last of them without. */
enum { DURATION_BUCKETS_MAX = 15 };

struct durations {
    uint64_t counts[DURATION_BUCKETS_MAX + 1]; /* each for itself, not cumulative */
    uint64_t sum_us;
};

struct duration_bounds {
    size_t count;
    uint32_t us[DURATION_BUCKETS_MAX]; /* rising */
};

extern const struct duration_bounds turn_bounds;
extern const struct duration_bounds round_trip_bounds;

static inline void durations_add(struct durations *durations, const struct duration_bounds *bounds,
                                 uint64_t duration_us)
{
    size_t i = 0;

    while (i < bounds->count && duration_us > bounds->us[i]) {
        i++;
    }
    durations->counts[i]++;
    durations->sum_us += duration_us;
}

/* 1000 to 1015, and those of libraries and of applications as one each. */
enum { CLOSE_CLASSES = 18 };

/* Which of the classes a code is of, and what a class is called. */
size_t close_class(uint16_t code);
extern const char *const close_class_names[CLOSE_CLASSES];

struct tally {
    struct durations turns;       /* from the first thing that is handled to the end of the turn */
    struct durations round_trips; /* from a Ping to the peer's next sign of life */
    uint64_t closes[2][CLOSE_CLASSES]; /* of connections that had opened; [1]: by the client */
};

#endif

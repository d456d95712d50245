/*
 * Times in nanoseconds, counted in buckets whose width grows with the value: fixed memory, and what
 * is read back is at most 0.4 % off. One thread adds; any thread may read meanwhile.
 */
#ifndef WSRELAYD_BENCH_HISTOGRAM_H
#define WSRELAYD_BENCH_HISTOGRAM_H

#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum {
    HISTOGRAM_STEP_BITS = 7,   /* an octave has 2^7 buckets */
    HISTOGRAM_VALUE_BITS = 41, /* what takes longer than 36 minutes counts as that */
    HISTOGRAM_STEPS = 1 << HISTOGRAM_STEP_BITS,
    HISTOGRAM_BUCKETS = (HISTOGRAM_VALUE_BITS - HISTOGRAM_STEP_BITS + 1) * HISTOGRAM_STEPS,
};

/* Zero-filled: empty. */
struct histogram {
    _Atomic uint64_t total;
    _Atomic uint64_t sum;
    _Atomic uint64_t least; /* plus 1, so that 0 is none */
    _Atomic uint64_t most;
    _Atomic uint64_t counts[HISTOGRAM_BUCKETS];
};

/* Values below HISTOGRAM_STEPS have a bucket each, every octave above it HISTOGRAM_STEPS of them.
 */
static inline size_t histogram_bucket(uint64_t value)
{
    unsigned shift;

    if (value >> HISTOGRAM_VALUE_BITS != 0) {
        return HISTOGRAM_BUCKETS - 1;
    }
    if (value < HISTOGRAM_STEPS) {
        return (size_t)value;
    }
    shift = 63 - HISTOGRAM_STEP_BITS - (unsigned)__builtin_clzll(value);
    return shift * HISTOGRAM_STEPS + (size_t)(value >> shift);
}

/* For a counter that one thread alone writes. */
static inline void histogram_raise(_Atomic uint64_t *counter, uint64_t by)
{
    atomic_store_explicit(counter, atomic_load_explicit(counter, memory_order_relaxed) + by,
                          memory_order_relaxed);
}

/* Counts `times` values that are the same. */
static inline void histogram_add(struct histogram *histogram, uint64_t value, uint64_t times)
{
    histogram_raise(&histogram->total, times);
    histogram_raise(&histogram->sum, value * times);
    histogram_raise(&histogram->counts[histogram_bucket(value)], times);
    if (value > atomic_load_explicit(&histogram->most, memory_order_relaxed)) {
        atomic_store_explicit(&histogram->most, value, memory_order_relaxed);
    }
    if (value < atomic_load_explicit(&histogram->least, memory_order_relaxed) - 1) {
        atomic_store_explicit(&histogram->least, value + 1, memory_order_relaxed);
    }
}

void histogram_reset(struct histogram *histogram);

/* Adds what is in `from`. */
void histogram_merge(struct histogram *into, const struct histogram *from);

/* The middle of a bucket, and where it begins. */
uint64_t histogram_middle(size_t bucket);
uint64_t histogram_floor(size_t bucket);

/* The value below which `percent` of all are, the least one for 0; 0 when there are none. */
uint64_t histogram_percentile(const struct histogram *histogram, double percent);

double histogram_mean(const struct histogram *histogram);

#endif

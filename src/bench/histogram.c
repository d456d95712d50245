/*
 * Reading what was counted.
 */
#include "bench/histogram.h"

static uint64_t load(const _Atomic uint64_t *counter)
{
    return atomic_load_explicit(counter, memory_order_relaxed);
}

void histogram_reset(struct histogram *histogram)
{
    atomic_store_explicit(&histogram->total, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->sum, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->least, 0, memory_order_relaxed);
    atomic_store_explicit(&histogram->most, 0, memory_order_relaxed);
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        atomic_store_explicit(&histogram->counts[i], 0, memory_order_relaxed);
    }
}

void histogram_merge(struct histogram *into, const struct histogram *from)
{
    uint64_t least = load(&from->least);
    uint64_t most = load(&from->most);

    histogram_raise(&into->total, load(&from->total));
    histogram_raise(&into->sum, load(&from->sum));
    if (most > load(&into->most)) {
        atomic_store_explicit(&into->most, most, memory_order_relaxed);
    }
    if (least - 1 < load(&into->least) - 1) {
        atomic_store_explicit(&into->least, least, memory_order_relaxed);
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        histogram_raise(&into->counts[i], load(&from->counts[i]));
    }
}

uint64_t histogram_floor(size_t bucket)
{
    size_t octave = bucket / HISTOGRAM_STEPS;

    if (octave < 2) {
        return bucket;
    }
    return (uint64_t)(bucket % HISTOGRAM_STEPS + HISTOGRAM_STEPS) << (octave - 1);
}

uint64_t histogram_middle(size_t bucket)
{
    uint64_t start = histogram_floor(bucket);

    return start + (histogram_floor(bucket + 1) - start) / 2;
}

uint64_t histogram_percentile(const struct histogram *histogram, double percent)
{
    double total = (double)load(&histogram->total);
    double wanted = percent / 100 * total;
    uint64_t least = load(&histogram->least) - 1;
    uint64_t most = load(&histogram->most);
    uint64_t seen = 0;

    if (total == 0 || wanted > total - 1) {
        return most;
    }
    if (wanted <= 0) {
        return least;
    }
    for (size_t i = 0; i < HISTOGRAM_BUCKETS; i++) {
        seen += load(&histogram->counts[i]);
        if ((double)seen >= wanted) {
            uint64_t value = histogram_middle(i);

            return value < least ? least : value < most ? value : most;
        }
    }
    return most;
}

double histogram_mean(const struct histogram *histogram)
{
    uint64_t total = load(&histogram->total);

    return total > 0 ? (double)load(&histogram->sum) / (double)total : 0;
}

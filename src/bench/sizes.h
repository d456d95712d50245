/*
 * Which sizes payloads have: one, evenly between two, or each with a weight.
 */
#ifndef WSRELAYD_BENCH_SIZES_H
#define WSRELAYD_BENCH_SIZES_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { SIZES_MAX = 32 };

/* From `least` to `most` bytes, as often as `weight` says in relation to the others. */
struct size_range {
    size_t least;
    size_t most;
    double weight;
};

struct sizes {
    struct size_range ranges[SIZES_MAX];
    size_t count;
};

/*
 * Reads BYTES, MIN-MAX, or SIZE:WEIGHT,SIZE:WEIGHT... where a size is a number with or without
 * KiB or MiB behind it. Returns false when it is none of these.
 */
bool sizes_parse(const char *text, struct sizes *sizes);

/* Whether all payloads have the same. */
bool sizes_are_one(const struct sizes *sizes);

size_t sizes_least(const struct sizes *sizes);
size_t sizes_most(const struct sizes *sizes);

double sizes_mean(const struct sizes *sizes);

/* Fills a table with sizes in the proportions of their weights, ranges evenly, in a random order.
 * What has a smaller share than one of `count` may be missing. */
void sizes_draw(const struct sizes *sizes, uint64_t *seed, size_t *drawn, size_t count);

#endif

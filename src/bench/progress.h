/*
 * What a person at a terminal sees while it runs: one line on standard error, written over.
 */
#ifndef WSRELAYD_BENCH_PROGRESS_H
#define WSRELAYD_BENCH_PROGRESS_H

#include <stdbool.h>
#include <stdint.h>

struct run;

struct progress {
    bool shown;       /* standard error is a terminal, and nobody wants quiet */
    uint64_t next_ns; /* when it is to be written anew */
    uint64_t last_ns; /* the last time, and what had been done by then */
    uint64_t last_operations;
};

void progress_init(struct progress *progress, bool quiet);

/* Writes the line anew if it is time. Returns when it will be; UINT64_MAX for never. */
uint64_t progress_update(struct progress *progress, const struct run *run);

/* Leaves the line empty for what comes then. */
void progress_clear(struct progress *progress);

#endif

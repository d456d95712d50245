/*
 * A measurement: what all threads share, and the main thread's way through its phases.
 */
#ifndef WSRELAYD_BENCH_RUN_H
#define WSRELAYD_BENCH_RUN_H

#include "bench/batch.h"
#include "bench/endpoint.h"
#include "bench/faults.h"
#include "bench/histogram.h"
#include "bench/process.h"
#include "bench/progress.h"
#include "bench/room.h"
#include "bench/settings.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

enum phase {
    PHASE_OPEN,    /* connections come about */
    PHASE_WARM_UP, /* load that does not count */
    PHASE_MEASURE,
    PHASE_STOP,  /* nothing new becomes due; connections that are begin */
    PHASE_DRAIN, /* what is under way comes in */
    PHASE_END,
};

struct engine;

struct run {
    const struct settings *settings;
    struct endpoint endpoint;
    struct endpoint publish_endpoint; /* of fanout */
    struct room *room;                /* of fanout, else NULL */
    struct batch *batch;
    struct faults faults;
    _Atomic bool deflate_declined; /* by the server, at least once */
    _Atomic int phase;
    _Atomic uint64_t start_ns; /* of the load */
    int notice_fd;             /* eventfd: an engine has done what its phase is for */
    int signal_fd;
    struct engine *engines;
    struct progress progress;
};

/* Everything at one moment. */
struct sample {
    uint64_t time_ns;
    uint64_t own_cpu_ns;
    uint64_t operations;
    uint64_t publications; /* of fanout */
    struct process_usage server;
};

/* What came out. */
struct outcome {
    struct sample from;
    struct sample to;
    struct histogram latency;
    double resident_before; /* bytes of the server; negative: not known */
    double resident_after;
    double held; /* connections then; where that is not negative */
    double peak;
};

/* Ends the program when it cannot even begin. */
void run_init(struct run *run, const struct settings *settings);
void run_measure(struct run *run, struct outcome *outcome);
void run_destroy(struct run *run);

/* Any thread: tells the main thread to look. */
void run_notice(struct run *run);

uint64_t run_operations(const struct run *run);

#endif

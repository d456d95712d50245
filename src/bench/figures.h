/*
 * What a measurement says, in the units of the report.
 */
#ifndef WSRELAYD_BENCH_FIGURES_H
#define WSRELAYD_BENCH_FIGURES_H

#include "bench/run.h"

enum { FIGURES_LATENCIES = 7 };

/* Figures that are not known are NAN. */
struct figures {
    double duration_s;
    double operations;
    double operations_per_second;
    double publications; /* NAN but in fanout */
    double payload_bytes;
    double latency_us[FIGURES_LATENCIES]; /* as figures_latency_names has them */
    double own_cpu_us;                    /* an operation */
    double own_busy_percent;              /* of one core */
    bool has_server;
    double server_cpu_us;
    double server_busy_percent;
    double server_waiting_percent; /* ready to run, but without a core */
    double bytes_per_connection;
    double peak_growth_bytes;
    const char *limit; /* who kept it from being faster */
};

extern const char *const figures_latency_names[FIGURES_LATENCIES];

void figures_compute(struct figures *figures, const struct run *run, const struct outcome *outcome);

#endif

/*
 * Latencies for people.
 */
#ifndef WSRELAYD_BENCH_DISTRIBUTION_H
#define WSRELAYD_BENCH_DISTRIBUTION_H

#include "bench/histogram.h"

#include <stdio.h>

/* A time with three digits or so, in the unit that suits it. */
void distribution_print_time(FILE *stream, double us);

/* How much took up to 1, 2, 5, 10, ... of a unit, a bar each. */
void distribution_print(FILE *stream, const struct histogram *latency);

#endif

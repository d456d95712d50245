/*
 * The report, for people and for programs.
 */
#ifndef WSRELAYD_BENCH_REPORT_H
#define WSRELAYD_BENCH_REPORT_H

#include "bench/figures.h"

#include <stdio.h>

void report_text(FILE *stream, const struct run *run, const struct figures *figures,
                 const struct histogram *latency);

/* One object, as wsrelay-bench(1) describes it. */
void report_json(FILE *stream, const struct run *run, const struct figures *figures);

#endif

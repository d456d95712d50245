/*
 * The two text formats of metrics: Prometheus' 0.0.4 and OpenMetrics 1.0. Pure: it writes to a
 * stream.
 */
#ifndef WSRELAYD_ADMIN_EXPOSITION_H
#define WSRELAYD_ADMIN_EXPOSITION_H

#include "net/tally.h"

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

#define EXPOSITION_PROMETHEUS  "text/plain; version=0.0.4; charset=utf-8"
#define EXPOSITION_OPENMETRICS "application/openmetrics-text; version=1.0.0; charset=utf-8"

struct exposition {
    FILE *stream;
    bool open_metrics;
    const char *name; /* of the family at hand, without _total */
    bool is_counter;
};

enum metric_type { METRIC_GAUGE, METRIC_COUNTER, METRIC_HISTOGRAM };

struct label {
    const char *name;  /* NULL ends a list */
    const char *value; /* UTF-8 */
};

/* Begins a family. Of a counter the name is given without _total. */
void exposition_family(struct exposition *exposition, enum metric_type type, const char *name,
                       const char *help);

/* One sample of the family; `labels` may be NULL. */
void exposition_number(struct exposition *exposition, const struct label *labels, uint64_t value);
void exposition_seconds(struct exposition *exposition, const struct label *labels, double value);

/* All samples of one histogram; at most one label. */
void exposition_durations(struct exposition *exposition, const struct label *label,
                          const struct durations *durations, const struct duration_bounds *bounds);

/* After the last family. */
void exposition_end(struct exposition *exposition);

#endif

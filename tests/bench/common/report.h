/*
 * The figures of a measurement, printed as one line of text or as JSON.
 */
#ifndef WSRELAYD_BENCH_REPORT_H
#define WSRELAYD_BENCH_REPORT_H

#include <stdbool.h>
#include <stddef.h>

enum {
    REPORT_FIGURES_MAX = 16,
};

struct figure {
    const char *name; /* with its unit */
    double value;
    int decimals;
};

/* Zero-filled: empty. */
struct report {
    struct figure figures[REPORT_FIGURES_MAX];
    size_t count;
};

void report_add(struct report *report, const char *name, double value, int decimals);

void report_print(const struct report *report, bool json);

#endif

/*
 * The line of progress.
 */
#include "bench/progress.h"

#include "bench/distribution.h"
#include "bench/engine.h"
#include "bench/mode.h"

#include <inttypes.h>
#include <stdio.h>
#include <unistd.h>

static const uint64_t period_ns = 500000000;

/* The terminal's "erase to the end of the line", behind a return to its beginning. */
#define BLANK_LINE "\r\033[K"

static const char *const phase_names[] = {
    [PHASE_OPEN] = "opening",
    [PHASE_WARM_UP] = "warming up",
    [PHASE_MEASURE] = "measuring",
    [PHASE_STOP] = "stopping",
    [PHASE_DRAIN] = "waiting for what is under way",
    [PHASE_END] = "ending",
};

void progress_init(struct progress *progress, bool quiet)
{
    *progress = (struct progress){.shown = !quiet && isatty(STDERR_FILENO) == 1};
}

static void print_latency(const struct run *run)
{
    static struct histogram latency; /* too large for a stack; the main thread's alone */

    histogram_reset(&latency);
    for (uint64_t i = 0; i < run->settings->threads; i++) {
        histogram_merge(&latency, &run->engines[i].latency);
    }
    if (latency.total > 0) {
        fputs("  p50 ", stderr);
        distribution_print_time(stderr, (double)histogram_percentile(&latency, 50) / 1e3);
        fputs("  p99 ", stderr);
        distribution_print_time(stderr, (double)histogram_percentile(&latency, 99) / 1e3);
    }
}

static void print(struct progress *progress, const struct run *run, uint64_t now_ns)
{
    uint64_t operations = run_operations(run);
    double passed_ns = (double)(now_ns - progress->last_ns);

    fprintf(stderr, BLANK_LINE "%s: %" PRIu64, phase_names[atomic_load(&run->phase)], operations);
    if (progress->last_ns > 0) {
        fprintf(stderr, ", %.0f a second",
                (double)(operations - progress->last_operations) / passed_ns * 1e9);
    }
    print_latency(run);
    fprintf(stderr, "  errors %" PRIu64, faults_total(&run->faults));
    fflush(stderr);
    progress->last_ns = now_ns;
    progress->last_operations = operations;
}

uint64_t progress_update(struct progress *progress, const struct run *run)
{
    uint64_t now_ns = engine_clock_ns();

    if (!progress->shown) {
        return UINT64_MAX;
    }
    if (now_ns >= progress->next_ns) {
        print(progress, run, now_ns);
        progress->next_ns = now_ns + period_ns;
    }
    return progress->next_ns;
}

void progress_clear(struct progress *progress)
{
    if (progress->shown) {
        fputs(BLANK_LINE, stderr);
        fflush(stderr);
    }
}

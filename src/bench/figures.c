/*
 * From samples to figures.
 */
#include "bench/figures.h"

#include <math.h>

enum {
    PERCENT = 100,
    SATURATED_PERCENT = 90, /* of a core: what has not a tenth of it left is the limit */
};

/* Of the rate asked for: so much of it, and nothing else was the limit. */
static const double rate_kept = 0.95;

const char *const figures_latency_names[FIGURES_LATENCIES] = {"min", "mean",  "p50", "p90",
                                                              "p99", "p99_9", "max"};

static void compute_latency(struct figures *figures, const struct histogram *latency)
{
    static const double percents[] = {0, NAN, 50, 90, 99, 99.9, 100};

    for (int i = 0; i < FIGURES_LATENCIES; i++) {
        double ns = isnan(percents[i]) ? histogram_mean(latency)
                                       : (double)histogram_percentile(latency, percents[i]);

        figures->latency_us[i] = latency->total > 0 ? ns / 1e3 : NAN;
    }
}

/* Of CPU time; not known where nothing was done. */
static double per_operation(double ns, double operations)
{
    return operations > 0 ? ns / 1e3 / operations : NAN;
}

static void compute_server(struct figures *figures, const struct outcome *outcome,
                           double elapsed_ns)
{
    const struct process_usage *from = &outcome->from.server;
    const struct process_usage *to = &outcome->to.server;
    double cpu_ns = (double)(to->cpu_ns - from->cpu_ns);

    figures->has_server = from->known && to->known;
    figures->server_cpu_us = per_operation(cpu_ns, figures->operations);
    figures->server_busy_percent = PERCENT * cpu_ns / elapsed_ns;
    figures->server_waiting_percent =
        PERCENT * ((double)to->wait_ns - (double)from->wait_ns) / elapsed_ns;
    figures->bytes_per_connection =
        outcome->resident_after >= 0 && outcome->resident_before >= 0 && outcome->held > 0
            ? (outcome->resident_after - outcome->resident_before) / outcome->held
            : NAN;
    figures->peak_growth_bytes = outcome->peak >= 0 && outcome->resident_before >= 0
                                     ? outcome->peak - outcome->resident_before
                                     : NAN;
}

/* One thread that has no time left is enough. */
static const char *find_limit(const struct figures *figures, const struct run *run,
                              const struct outcome *outcome, double elapsed_ns)
{
    double own = figures->own_busy_percent / (double)run->settings->threads;
    double server = PERCENT *
                    (double)process_busiest_ns(&outcome->from.server, &outcome->to.server) /
                    elapsed_ns;

    if (figures->operations == 0) {
        return "unknown";
    }
    if (run->settings->rate > 0 &&
        figures->operations_per_second >= rate_kept * run->settings->rate) {
        return "rate";
    }
    if (figures->has_server && server >= SATURATED_PERCENT && server >= own) {
        return "server";
    }
    if (own >= SATURATED_PERCENT) {
        return "generator";
    }
    return figures->has_server ? "latency" : "unknown";
}

void figures_compute(struct figures *figures, const struct run *run, const struct outcome *outcome)
{
    double elapsed_ns = (double)(outcome->to.time_ns - outcome->from.time_ns);
    double own_ns = (double)(outcome->to.own_cpu_ns - outcome->from.own_cpu_ns);

    figures->duration_s = elapsed_ns / 1e9;
    figures->operations = (double)(outcome->to.operations - outcome->from.operations);
    figures->operations_per_second = elapsed_ns > 0 ? figures->operations / elapsed_ns * 1e9 : 0;
    figures->publications =
        run->room != NULL ? (double)(outcome->to.publications - outcome->from.publications) : NAN;
    figures->payload_bytes = run->batch->mean_bytes;
    figures->own_cpu_us = per_operation(own_ns, figures->operations);
    figures->own_busy_percent = PERCENT * own_ns / elapsed_ns;
    compute_latency(figures, &outcome->latency);
    compute_server(figures, outcome, elapsed_ns);
    figures->limit = find_limit(figures, run, outcome, elapsed_ns);
}

/*
 * The report as text.
 */
#include "bench/report.h"

#include "bench/distribution.h"
#include "bench/mode.h"

#include <math.h>

static const char *plural(uint64_t count)
{
    return count == 1 ? "" : "s";
}

static void print_load(FILE *stream, const struct run *run, const struct figures *figures)
{
    const struct settings *settings = run->settings;

    fprintf(stream, "%s %s: %ju connection%s, %ju thread%s, %.0f bytes", settings->mode->name,
            settings->url.text, (uintmax_t)settings->connections, plural(settings->connections),
            (uintmax_t)settings->threads, plural(settings->threads), figures->payload_bytes);
    fputs("\n\n", stream);
}

/* Much of a sentence may be the server's words, which are not for the terminal to obey. */
static void print_sentence(FILE *stream, const char *sentence)
{
    for (; *sentence != '\0'; sentence++) {
        unsigned char byte = (unsigned char)*sentence;

        fprintf(stream, byte < ' ' || byte > '~' ? "\\x%02x" : "%c", byte);
    }
    fputc('\n', stream);
}

static void print_errors(FILE *stream, const struct faults *faults)
{
    const char *separator = "  ";

    fputs("  errors   ", stream);
    if (faults_total(faults) == 0) {
        fputs("  none\n", stream);
        return;
    }
    for (int i = 0; i < FAULT_KINDS; i++) {
        if (faults->counts[i] > 0) {
            fprintf(stream, "%s%ju %s", separator, (uintmax_t)faults->counts[i], fault_names[i]);
            separator = ", ";
        }
    }
    fputs("\n             the first: ", stream);
    print_sentence(stream, faults->first);
}

static void print_latency(FILE *stream, const struct figures *figures)
{
    static const char *const titles[FIGURES_LATENCIES] = {"min", "mean",  "p50", "p90",
                                                          "p99", "p99.9", "max"};

    fputs("  latency  ", stream);
    for (int i = 0; i < FIGURES_LATENCIES; i++) {
        if (isfinite(figures->latency_us[i])) {
            fprintf(stream, "  %s ", titles[i]);
            distribution_print_time(stream, figures->latency_us[i]);
        }
    }
    fputc('\n', stream);
}

static void print_side(FILE *stream, const char *name, double us, const char *operation)
{
    fprintf(stream, "  %-9s", name);
    if (isfinite(us)) {
        fprintf(stream, "  %.4g µs of CPU time a %s,", us, operation);
    }
}

static void print_sides(FILE *stream, const struct run *run, const struct figures *figures)
{
    const char *operation = run->settings->mode->operation;

    print_side(stream, "generator", figures->own_cpu_us, operation);
    fprintf(stream, " %.1f %% of a core\n", figures->own_busy_percent);
    if (figures->has_server) {
        print_side(stream, "server", figures->server_cpu_us, operation);
        fprintf(stream, " %.1f %% of a core, %.1f %% waiting for one\n",
                figures->server_busy_percent, figures->server_waiting_percent);
    }
    if (isfinite(figures->bytes_per_connection)) {
        fprintf(stream, "  memory     %.0f bytes a connection\n", figures->bytes_per_connection);
    }
    if (isfinite(figures->peak_growth_bytes)) {
        fprintf(stream, "  peak       %.0f bytes more than before\n", figures->peak_growth_bytes);
    }
    fprintf(stream, "  limit      %s\n", figures->limit);
}

void report_text(FILE *stream, const struct run *run, const struct figures *figures,
                 const struct histogram *latency)
{
    print_load(stream, run, figures);
    fprintf(stream, "  %-9s  %.0f in %.2f s, %.0f a second\n", "done", figures->operations,
            figures->duration_s, figures->operations_per_second);
    if (run->room != NULL) {
        fprintf(stream, "  %-9s  %.0f by %ju publisher%s\n", "published", figures->publications,
                (uintmax_t)run->settings->publishers, plural(run->settings->publishers));
    }
    print_errors(stream, &run->faults);
    if (latency->total > 0) {
        print_latency(stream, figures);
        distribution_print(stream, latency);
    }
    print_sides(stream, run, figures);
}

/*
 * The report as JSON (RFC 8259).
 */
#include "bench/mode.h"
#include "bench/report.h"
#include "protocol/utf8.h"

#include <math.h>
#include <string.h>

/* A name and what stands in front of it. */
static void name(FILE *stream, const char *separator, const char *text)
{
    fprintf(stream, "%s\"%s\": ", separator, text);
}

static void string(FILE *stream, const char *text)
{
    bool is_utf8 = utf8_valid((const uint8_t *)text, strlen(text));

    fputc('"', stream);
    for (; *text != '\0'; text++) {
        unsigned char byte = (unsigned char)*text;

        if (byte < ' ' || byte == '"' || byte == '\\' || (byte > '~' && !is_utf8)) {
            fprintf(stream, "\\u%04x", byte);
        } else {
            fputc(byte, stream);
        }
    }
    fputc('"', stream);
}

static void number(FILE *stream, const char *separator, const char *text, double value,
                   int decimals)
{
    name(stream, separator, text);
    if (isfinite(value)) {
        fprintf(stream, "%.*f", decimals, value);
    } else {
        fputs("null", stream);
    }
}

static void write_errors(FILE *stream, const struct faults *faults)
{
    name(stream, ", ", "errors");
    for (int i = 0; i < FAULT_KINDS; i++) {
        number(stream, i == 0 ? "{" : ", ", fault_names[i], (double)faults->counts[i], 0);
    }
    fputs("}", stream);
    name(stream, ", ", "first_error");
    if (faults->first[0] != '\0') {
        string(stream, faults->first);
    } else {
        fputs("null", stream);
    }
}

static void write_latency(FILE *stream, const struct figures *figures)
{
    name(stream, ", ", "latency_us");
    for (int i = 0; i < FIGURES_LATENCIES; i++) {
        number(stream, i == 0 ? "{" : ", ", figures_latency_names[i], figures->latency_us[i], 3);
    }
    fputs("}", stream);
}

static void write_sides(FILE *stream, const struct run *run, const struct figures *figures)
{
    name(stream, ", ", "generator");
    number(stream, "{", "cpu_us_per_operation", figures->own_cpu_us, 5);
    number(stream, ", ", "busy_percent", figures->own_busy_percent, 2);
    name(stream, "}, ", "server");
    if (!figures->has_server) {
        fputs("null", stream);
        return;
    }
    number(stream, "{", "pid", (double)run->settings->pid, 0);
    number(stream, ", ", "cpu_us_per_operation", figures->server_cpu_us, 5);
    number(stream, ", ", "busy_percent", figures->server_busy_percent, 2);
    number(stream, ", ", "waiting_percent", figures->server_waiting_percent, 2);
    number(stream, ", ", "bytes_per_connection", figures->bytes_per_connection, 1);
    number(stream, ", ", "peak_growth_bytes", figures->peak_growth_bytes, 0);
    fputs("}", stream);
}

void report_json(FILE *stream, const struct run *run, const struct figures *figures)
{
    const struct settings *settings = run->settings;

    name(stream, "{", "mode");
    string(stream, settings->mode->name);
    name(stream, ", ", "url");
    string(stream, settings->url.text);
    number(stream, ", ", "connections", (double)settings->connections, 0);
    number(stream, ", ", "threads", (double)settings->threads, 0);
    number(stream, ", ", "duration_s", figures->duration_s, 3);
    name(stream, ", ", "operation");
    string(stream, settings->mode->operation);
    number(stream, ", ", "operations", figures->operations, 0);
    number(stream, ", ", "operations_per_second", figures->operations_per_second, 1);
    if (run->room != NULL) {
        number(stream, ", ", "publications", figures->publications, 0);
    }
    number(stream, ", ", "payload_bytes", figures->payload_bytes, 0);
    write_errors(stream, &run->faults);
    write_latency(stream, figures);
    write_sides(stream, run, figures);
    name(stream, ", ", "limit");
    string(stream, figures->limit);
    fputs("}\n", stream);
}

/*
 * Writing metrics.
 */
#include "admin/exposition.h"

#include <inttypes.h>
#include <string.h>

static const char *const type_names[] = {
    [METRIC_GAUGE] = "gauge", [METRIC_COUNTER] = "counter", [METRIC_HISTOGRAM] = "histogram"};

/* In OpenMetrics a family of counters is called without the suffix that its samples have. */
void exposition_family(struct exposition *exposition, enum metric_type type, const char *name,
                       const char *help)
{
    const char *suffix = type == METRIC_COUNTER && !exposition->open_metrics ? "_total" : "";

    exposition->name = name;
    exposition->is_counter = type == METRIC_COUNTER;
    fprintf(exposition->stream, "# HELP %s%s %s\n# TYPE %s%s %s\n", name, suffix, help, name,
            suffix, type_names[type]);
}

static void write_label_value(FILE *stream, const char *value)
{
    for (; *value != '\0'; value++) {
        if (*value == '\n') {
            fputs("\\n", stream);
        } else if (*value == '"' || *value == '\\') {
            fprintf(stream, "\\%c", *value);
        } else {
            fputc(*value, stream);
        }
    }
}

/* Writes "{a="1",b="2"", without the last brace. Returns whether anything was written. */
static bool begin_labels(FILE *stream, const struct label *labels)
{
    const struct label *label = labels;

    for (; label != NULL && label->name != NULL; label++) {
        fprintf(stream, "%s%s=\"", label == labels ? "{" : ",", label->name);
        write_label_value(stream, label->value);
        fputc('"', stream);
    }
    return label != labels;
}

static void begin_sample(struct exposition *exposition, const char *suffix,
                         const struct label *labels)
{
    fprintf(exposition->stream, "%s%s", exposition->name, suffix);
    if (begin_labels(exposition->stream, labels)) {
        fputc('}', exposition->stream);
    }
    fputc(' ', exposition->stream);
}

static const char *sample_suffix(const struct exposition *exposition)
{
    return exposition->is_counter ? "_total" : "";
}

void exposition_number(struct exposition *exposition, const struct label *labels, uint64_t value)
{
    begin_sample(exposition, sample_suffix(exposition), labels);
    fprintf(exposition->stream, "%" PRIu64 "\n", value);
}

void exposition_seconds(struct exposition *exposition, const struct label *labels, double value)
{
    begin_sample(exposition, sample_suffix(exposition), labels);
    fprintf(exposition->stream, "%.6f\n", value);
}

/* OpenMetrics wants a bound to look like a real number. */
static void write_bound(struct exposition *exposition, uint32_t bound_us)
{
    char text[32];

    snprintf(text, sizeof text, "%g", bound_us / 1e6);
    fputs(text, exposition->stream);
    if (strpbrk(text, ".e") == NULL) {
        fputs(".0", exposition->stream);
    }
}

static void begin_bucket(struct exposition *exposition, const struct label *label)
{
    fprintf(exposition->stream, "%s_bucket", exposition->name);
    fputs(begin_labels(exposition->stream, label) ? ",le=\"" : "{le=\"", exposition->stream);
}

void exposition_durations(struct exposition *exposition, const struct label *label,
                          const struct durations *durations, const struct duration_bounds *bounds)
{
    uint64_t sum = 0;

    for (size_t i = 0; i < bounds->count; i++) {
        sum += durations->counts[i];
        begin_bucket(exposition, label);
        write_bound(exposition, bounds->us[i]);
        fprintf(exposition->stream, "\"} %" PRIu64 "\n", sum);
    }
    sum += durations->counts[bounds->count];
    begin_bucket(exposition, label);
    fprintf(exposition->stream, "+Inf\"} %" PRIu64 "\n", sum);
    begin_sample(exposition, "_sum", label);
    fprintf(exposition->stream, "%.6f\n", (double)durations->sum_us / 1e6);
    begin_sample(exposition, "_count", label);
    fprintf(exposition->stream, "%" PRIu64 "\n", sum);
}

void exposition_end(struct exposition *exposition)
{
    if (exposition->open_metrics) {
        fputs("# EOF\n", exposition->stream);
    }
}

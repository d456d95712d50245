/*
 * Numbers with units.
 */
#include "ctl/human.h"

#include <stddef.h>
#include <stdio.h>

static const double exact_count_limit = 100000;

/* One decimal below 100, none from there on. A number is carried over to the next unit where it
 * would be rounded to one of that. */
static void scale(double number, double step, const char *const *units, char text[HUMAN_TEXT_BYTES])
{
    while (units[1] != NULL && number >= step - 0.5) {
        number /= step;
        units++;
    }
    snprintf(text, HUMAN_TEXT_BYTES, number >= 99.95 ? "%.0f%s" : "%.1f%s", number, *units);
}

void human_bytes(double bytes, char text[HUMAN_TEXT_BYTES])
{
    static const char *const units[] = {"KiB", "MiB", "GiB", "TiB", "PiB", NULL};

    if (bytes < 1023.5) {
        snprintf(text, HUMAN_TEXT_BYTES, "%.0fB", bytes);
    } else {
        scale(bytes / 1024, 1024, units, text);
    }
}

void human_count(double count, char text[HUMAN_TEXT_BYTES])
{
    static const char *const units[] = {"k", "M", "G", "T", "P", NULL};

    if (count < exact_count_limit - 0.5) {
        snprintf(text, HUMAN_TEXT_BYTES, "%.0f", count);
    } else {
        scale(count / 1000, 1000, units, text);
    }
}

void human_rate(double count, char text[HUMAN_TEXT_BYTES])
{
    if (count < 9.95) {
        snprintf(text, HUMAN_TEXT_BYTES, "%.1f", count);
    } else {
        human_count(count, text);
    }
}

void human_duration(double seconds, char text[HUMAN_TEXT_BYTES])
{
    static const struct {
        int64_t seconds;
        int64_t finer_seconds;
        char name;
        char finer_name;
    } units[] = {
        {86400, 3600, 'd', 'h'},
        {3600, 60, 'h', 'm'},
        {60, 1, 'm', 's'},
    };
    int64_t whole = seconds >= 1e12 ? INT64_C(1000000000000) : seconds > 0 ? (int64_t)seconds : 0;

    for (size_t i = 0; i < sizeof units / sizeof *units; i++) {
        if (whole >= units[i].seconds) {
            snprintf(text, HUMAN_TEXT_BYTES, "%jd%c%02jd%c", (intmax_t)(whole / units[i].seconds),
                     units[i].name, (intmax_t)(whole % units[i].seconds / units[i].finer_seconds),
                     units[i].finer_name);
            return;
        }
    }
    snprintf(text, HUMAN_TEXT_BYTES, "%jds", (intmax_t)whole);
}

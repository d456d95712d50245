/*
 * Figures and their two forms.
 */
#include "report.h"

#include <assert.h>
#include <stdio.h>

void report_add(struct report *report, const char *name, double value, int decimals)
{
    assert(report->count < REPORT_FIGURES_MAX);
    report->figures[report->count++] = (struct figure){name, value, decimals};
}

void report_print(const struct report *report, bool json)
{
    const char *separator = json ? "{" : "";

    for (size_t i = 0; i < report->count; i++) {
        const struct figure *figure = &report->figures[i];

        printf(json ? "%s\"%s\": %.*f" : "%s%s %.*f", separator, figure->name, figure->decimals,
               figure->value);
        separator = json ? ", " : "  ";
    }
    puts(json ? "}" : "");
    fflush(stdout);
}

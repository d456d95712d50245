/*
 * Numbers with units: decimal digits, directly followed by one of the units.
 */
#include "config/units.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

static const struct unit plain_units[] = {{"", 1}, {NULL, 0}};
static const struct unit duration_units[] = {
    {"h", 3600000}, {"m", 60000}, {"s", 1000}, {"ms", 1}, {NULL, 0}};
static const struct unit size_units[] = {{"GiB", 1 << 30},   {"MiB", 1 << 20}, {"KiB", 1 << 10},
                                         {"GB", 1000000000}, {"MB", 1000000},  {"KB", 1000},
                                         {"B", 1},           {NULL, 0}};

const struct unit_system units_none = {
    .meaning = "a whole number", .example = "100", .zero = "0", .units = plain_units};
const struct unit_system units_duration = {.meaning = "a duration",
                                           .example = "10s",
                                           .finer = "1500ms",
                                           .zero = "0s",
                                           .names = "ms, s, m, h",
                                           .units = duration_units};
const struct unit_system units_size = {.meaning = "a size",
                                       .example = "64KiB",
                                       .finer = "1536KiB",
                                       .zero = "0B",
                                       .names = "B, KB, KiB, MB, MiB, GB, GiB",
                                       .units = size_units};

static const struct unit *find_unit(const struct unit_system *system, const char *name)
{
    for (const struct unit *unit = system->units; unit->name != NULL; unit++) {
        if (strcmp(unit->name, name) == 0) {
            return unit;
        }
    }
    return NULL;
}

/* Reads decimal digits, stopping at UINT64_MAX; returns how many there were. */
static size_t parse_digits(const char *text, uint64_t *value)
{
    size_t length = strspn(text, "0123456789");

    *value = 0;
    for (size_t i = 0; i < length; i++) {
        if (__builtin_mul_overflow(*value, 10, value) ||
            __builtin_add_overflow(*value, (uint64_t)(text[i] - '0'), value)) {
            *value = UINT64_MAX;
            break;
        }
    }
    return length;
}

/* The unit that somebody may have abbreviated or written in other letters, or NULL. */
static const struct unit *guess_unit(const struct unit_system *system, const char *name)
{
    const struct unit *unit = system->units;

    while (unit->name != NULL && strncasecmp(unit->name, name, strlen(name)) != 0) {
        unit++;
    }
    return unit->name != NULL ? unit : NULL;
}

static void explain_unit(const struct unit_system *system, const char *name,
                         char problem[UNITS_PROBLEM_BYTES])
{
    const struct unit *meant = guess_unit(system, name);

    if (meant != NULL) {
        snprintf(problem, UNITS_PROBLEM_BYTES, "unknown unit \"%.40s\" (did you mean %s?)", name,
                 meant->name);
    } else {
        snprintf(problem, UNITS_PROBLEM_BYTES, "unknown unit \"%.40s\" (one of: %s)", name,
                 system->names);
    }
}

static bool explain(const struct unit_system *system, const char *text, size_t digits,
                    char problem[UNITS_PROBLEM_BYTES])
{
    if (digits == 0 || system->names == NULL) {
        snprintf(problem, UNITS_PROBLEM_BYTES, "\"%.40s\" is not %s, such as %s", text,
                 system->meaning, system->example);
    } else if (text[digits] == '\0') {
        snprintf(problem, UNITS_PROBLEM_BYTES, "%.40s needs a unit (one of: %s), as in %s", text,
                 system->names, system->example);
    } else if (text[digits] == '.') {
        snprintf(problem, UNITS_PROBLEM_BYTES, "%.40s: whole numbers only, as in %s", text,
                 system->finer);
    } else {
        explain_unit(system, text + digits, problem);
    }
    return false;
}

bool units_parse(const struct unit_system *system, const char *text, uint64_t *value,
                 char problem[UNITS_PROBLEM_BYTES])
{
    uint64_t number;
    size_t digits = parse_digits(text, &number);
    const struct unit *unit = find_unit(system, text + digits);

    if (digits == 0 || unit == NULL) {
        return explain(system, text, digits, problem);
    }
    if (__builtin_mul_overflow(number, unit->factor, value)) {
        *value = UINT64_MAX;
    }
    return true;
}

void units_format(const struct unit_system *system, uint64_t value, char text[UNITS_TEXT_BYTES])
{
    const struct unit *unit = system->units;

    if (value == 0) {
        snprintf(text, UNITS_TEXT_BYTES, "%s", system->zero);
        return;
    }
    while (value % unit->factor != 0) {
        unit++;
    }
    snprintf(text, UNITS_TEXT_BYTES, "%" PRIu64 "%s", value / unit->factor, unit->name);
}

/*
 * Numbers with units, as they stand in the file: "10s", "64KiB", and plain "100".
 */
#ifndef WSRELAYD_CONFIG_UNITS_H
#define WSRELAYD_CONFIG_UNITS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { UNITS_TEXT_BYTES = 32, UNITS_PROBLEM_BYTES = 160 };

struct unit {
    const char *name;
    uint64_t factor;
};

/* A way to write numbers. */
struct unit_system {
    const char *meaning;      /* "a duration" */
    const char *example;      /* "10s" */
    const char *finer;        /* "1500ms": one and a half; NULL where names is */
    const char *zero;         /* how nothing is written; every unit would do */
    const char *names;        /* of all units, for messages; NULL: numbers stand alone */
    const struct unit *units; /* the one preferred for writing first; ended by a NULL name */
};

extern const struct unit_system units_none;
extern const struct unit_system units_duration; /* milliseconds */
extern const struct unit_system units_size;     /* bytes */

/*
 * Reads a number. What is too large for 64 bits gives UINT64_MAX. On failure `problem` says why,
 * without naming the key.
 */
bool units_parse(const struct unit_system *system, const char *text, uint64_t *value,
                 char problem[UNITS_PROBLEM_BYTES]);

/* Writes a number in the largest unit that leaves no remainder; units_parse reads it back. */
void units_format(const struct unit_system *system, uint64_t value, char text[UNITS_TEXT_BYTES]);

#endif

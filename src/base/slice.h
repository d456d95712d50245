/*
 * A run of bytes that somebody else owns: no terminator, no ownership, may hold any byte.
 */
#ifndef WSRELAYD_BASE_SLICE_H
#define WSRELAYD_BASE_SLICE_H

#include <stdbool.h>
#include <stddef.h>
#include <string.h>
#include <strings.h>

struct slice {
    const char *data;
    size_t length;
};

/* A slice of a string literal. */
#define SLICE(literal) ((struct slice){(literal), sizeof(literal) - 1})

/* A slice of a terminated string; NULL gives the empty slice. */
static inline struct slice slice_of(const char *string)
{
    return (struct slice){string, string != NULL ? strlen(string) : 0};
}

static inline bool slice_equal(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || memcmp(a.data, b.data, a.length) == 0);
}

/* Equal but for the case of ASCII letters. */
static inline bool slice_equal_nocase(struct slice a, struct slice b)
{
    return a.length == b.length && (a.length == 0 || strncasecmp(a.data, b.data, a.length) == 0);
}

/* Without the blanks and tabs around it. */
static inline struct slice slice_trim(struct slice text)
{
    while (text.length > 0 && (text.data[0] == ' ' || text.data[0] == '\t')) {
        text.data++;
        text.length--;
    }
    while (text.length > 0 &&
           (text.data[text.length - 1] == ' ' || text.data[text.length - 1] == '\t')) {
        text.length--;
    }
    return text;
}

/* Writes it with ASCII letters in lower case to `target`, which has room for it. */
static inline struct slice slice_write_lower(char *target, struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        char byte = text.data[i];

        target[i] = byte >= 'A' && byte <= 'Z' ? (char)(byte - 'A' + 'a') : byte;
    }
    return (struct slice){target, text.length};
}

#endif

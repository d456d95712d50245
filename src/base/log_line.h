/*
 * How one event becomes one line. Private to the log.
 */
#ifndef WSRELAYD_BASE_LOG_LINE_H
#define WSRELAYD_BASE_LOG_LINE_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <time.h>

/* Fields that find no room any more are left out; the line is well formed all the same. */
enum { LOG_LINE_MAX_BYTES = 16384 };

struct log_style {
    enum log_format format;
    bool with_priority; /* starts with "<N>", N as in syslog(3); text then has no time of its own */
};

struct log_line {
    size_t length;
    char bytes[LOG_LINE_MAX_BYTES]; /* ends with a line feed, not terminated */
};

struct log_event {
    enum log_level level;
    const char *message;
    const struct log_field *fields;
    size_t field_count;
};

/* Writes its message and fields alone: no time, no level, no line feed. */
void log_line_format_bare(struct log_line *line, const struct log_event *event);

/* Writes the line of `event`, which happened at `time` (of CLOCK_REALTIME). */
void log_line_format(struct log_line *line, const struct log_style *style, struct timespec time,
                     const struct log_event *event);

#endif

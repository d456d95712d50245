/*
 * The log. An event is a constant message and a list of named fields, and becomes exactly one
 * line. Field values may come from the network: everything that is not printable ASCII, and `"`
 * and `\`, is escaped here and nowhere else.
 *
 * After log_start a thread of the log's own does the writing: log_event only copies the finished
 * line into a bounded buffer, so a full disk or a stopped reader never holds up a worker. Lines
 * that find the buffer full are counted and reported in a later line. A message that comes more
 * often than LOG_BURST times at once is thinned to LOG_PER_SECOND and its missing lines are
 * counted in a line of their own.
 */
#ifndef WSRELAYD_BASE_LOG_H
#define WSRELAYD_BASE_LOG_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum log_level {
    LOG_LEVEL_ERROR,
    LOG_LEVEL_WARNING,
    LOG_LEVEL_NOTICE,
    LOG_LEVEL_INFO,
    LOG_LEVEL_DEBUG
};
enum log_format { LOG_FORMAT_TEXT, LOG_FORMAT_JSON };
enum log_target { LOG_TARGET_STDERR, LOG_TARGET_SYSLOG, LOG_TARGET_FILE };

enum { LOG_BURST = 50, LOG_PER_SECOND = 10, LOG_VALUE_MAX_BYTES = 1024 };

struct log_field {
    const char *name;
    enum { LOG_FIELD_TEXT, LOG_FIELD_NUMBER } type;
    union {
        struct slice text; /* any bytes; cut after LOG_VALUE_MAX_BYTES */
        int64_t number;
    };
};

#define LOG_SLICE(field_name, value)                                                               \
    {                                                                                              \
        .name = (field_name), .type = LOG_FIELD_TEXT, .text = (value)                              \
    }
#define LOG_TEXT(field_name, value) LOG_SLICE(field_name, slice_of(value))
#define LOG_NUMBER(field_name, value)                                                              \
    {                                                                                              \
        .name = (field_name), .type = LOG_FIELD_NUMBER, .number = (int64_t)(value)                 \
    }

/* Whether a line of this level would be written: one load and one comparison. */
bool log_enabled(enum log_level level);

/*
 * Writes one event. `message` is a string literal: its address identifies it when floods are
 * counted. Never blocks after log_start, keeps errno, may be called by any thread.
 */
void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count);

/*
 * The same for the access log: at level info, whatever level is in force, and never thinned,
 * however often it comes.
 */
void log_access(const char *message, const struct log_field *fields, size_t count);

/* log_error("cannot bind", LOG_TEXT("address", a), LOG_TEXT("error", strerror(errno))); */
#define LOG_AT(level, message, ...)                                                                \
    do {                                                                                           \
        if (log_enabled(level)) {                                                                  \
            const struct log_field log_fields_[] = {__VA_ARGS__};                                  \
            log_event(level, message, log_fields_, sizeof log_fields_ / sizeof *log_fields_);      \
        }                                                                                          \
    } while (0)
#define log_error(...)   LOG_AT(LOG_LEVEL_ERROR, __VA_ARGS__)
#define log_warning(...) LOG_AT(LOG_LEVEL_WARNING, __VA_ARGS__)
#define log_notice(...)  LOG_AT(LOG_LEVEL_NOTICE, __VA_ARGS__)
#define log_info(...)    LOG_AT(LOG_LEVEL_INFO, __VA_ARGS__)
#define log_debug(...)   LOG_AT(LOG_LEVEL_DEBUG, __VA_ARGS__)

/*
 * Also hands what this thread logs at level error to `take`, without time and level and not
 * terminated, whatever becomes of it in the log. NULL ends it.
 */
typedef void log_tap(void *owner, const char *text, size_t length);
void log_tap_errors(log_tap *take, void *owner);

struct log_change;

/*
 * Gets ready to change where lines go and which are written, while others log. Returns 0 with
 * *change, or the errno value of opening the file. Either log_apply or log_discard takes it.
 */
int log_prepare(enum log_level level, enum log_format format, enum log_target target,
                const char *path, struct log_change **change);

/* Lines that were logged before go where they would have gone, unless the target fails: then they
 * are lost. Cannot fail. One thread at a time, not before log_start. */
void log_apply(struct log_change *change);
void log_discard(struct log_change *change); /* NULL is allowed */

/*
 * Sets where lines go; not after log_start. Before this they go to standard error as text at level
 * info. `path` is used with LOG_TARGET_FILE only. Returns 0, or the errno value of opening the
 * file, and then nothing has changed. Standard error gets the journal's priority prefix when it is
 * the journal's socket ($JOURNAL_STREAM).
 */
int log_configure(enum log_level level, enum log_format format, enum log_target target,
                  const char *path);

/* The level in force; and another from now on, which no log_apply changes any more. Any thread. */
enum log_level log_level(void);
void log_set_level(enum log_level level);

/* Starts the writing thread. Returns 0, or an errno value. */
int log_start(void);

/* Asks the writing thread to open its file anew (after a rotation). Async-signal-unsafe. */
void log_reopen(void);

/*
 * Writes what is buffered and ends the thread; waits for at most a second for a stuck target, and
 * then nothing is written any more. After an orderly end lines are written at once again.
 */
void log_stop(void);

#endif

/*
 * The log's front: levels, configuration, and whether a line is written at once or posted to the
 * writing thread.
 */
#include "base/log.h"

#include "base/log_line.h"
#include "base/log_output.h"
#include "base/log_writer.h"

#include <errno.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <time.h>
#include <unistd.h>

/* Who writes. */
enum log_mode {
    LOG_MODE_DIRECT,  /* the caller: before log_start, and after an orderly log_stop */
    LOG_MODE_THREAD,  /* the writing thread */
    LOG_MODE_SILENCED /* nobody: the target was stuck at log_stop and would hold up the caller */
};

static atomic_int level_in_force = LOG_LEVEL_INFO;
static atomic_bool level_was_set; /* by log_set_level: no configuration changes it any more */
static atomic_int mode = LOG_MODE_DIRECT;

/* With LOG_MODE_THREAD these are the writing thread's. */
static struct log_style style = {.format = LOG_FORMAT_TEXT};
static struct log_output output = {.target = LOG_TARGET_STDERR, .fd = STDERR_FILENO};

/* Who else gets this thread's errors. */
static _Thread_local log_tap *tap;
static _Thread_local void *tap_owner;

struct log_change {
    enum log_level level;
    struct log_replacement replacement;
};

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_in_force, memory_order_relaxed);
}

enum log_level log_level(void)
{
    return (enum log_level)atomic_load_explicit(&level_in_force, memory_order_relaxed);
}

void log_set_level(enum log_level level)
{
    atomic_store_explicit(&level_was_set, true, memory_order_relaxed);
    atomic_store_explicit(&level_in_force, (int)level, memory_order_relaxed);
}

int log_configure(enum log_level level, enum log_format format, enum log_target target,
                  const char *path)
{
    struct log_output opened;
    int error = log_output_open(&opened, target, path);

    if (error != 0) {
        return error;
    }
    log_output_close(&output);
    output = opened;
    style = (struct log_style){format, log_output_wants_priority(&output)};
    atomic_store_explicit(&level_in_force, (int)level, memory_order_relaxed);
    return 0;
}

int log_prepare(enum log_level level, enum log_format format, enum log_target target,
                const char *path, struct log_change **change)
{
    struct log_change *prepared = calloc(1, sizeof *prepared);
    struct log_replacement *replacement;
    int error;

    if (prepared == NULL) {
        return ENOMEM;
    }
    replacement = &prepared->replacement;
    error = log_output_open(&replacement->output, target, path);
    if (error != 0) {
        free(prepared);
        return error;
    }
    prepared->level = level;
    replacement->style =
        (struct log_style){format, log_output_wants_priority(&replacement->output)};
    *change = prepared;
    return 0;
}

void log_apply(struct log_change *change)
{
    if (atomic_load(&mode) == LOG_MODE_THREAD) {
        log_writer_replace(&change->replacement);
    }
    if (!atomic_load_explicit(&level_was_set, memory_order_relaxed)) {
        atomic_store_explicit(&level_in_force, (int)change->level, memory_order_relaxed);
    }
    free(change);
}

void log_discard(struct log_change *change)
{
    if (change != NULL) {
        log_output_close(&change->replacement.output);
        free(change);
    }
}

int log_start(void)
{
    int error = log_writer_start(&output, &style);

    if (error == 0) {
        atomic_store(&mode, LOG_MODE_THREAD);
    }
    return error;
}

void log_reopen(void)
{
    if (atomic_load(&mode) == LOG_MODE_THREAD) {
        log_writer_reopen();
    }
}

void log_stop(void)
{
    bool stopped;

    if (atomic_load(&mode) == LOG_MODE_THREAD) {
        stopped = log_writer_stop();
        style = log_writer_style();
        atomic_store(&mode, stopped ? LOG_MODE_DIRECT : LOG_MODE_SILENCED);
    }
}

static void write_event(enum log_mode writer, const struct log_event *event)
{
    struct log_line line;
    struct timespec now;
    size_t written = 0;
    bool posted;

    clock_gettime(CLOCK_REALTIME, &now);
    if (writer == LOG_MODE_DIRECT) {
        log_line_format(&line, &style, now, event);
        log_output_write(&output, line.bytes, line.length, &written);
        return;
    }
    do {
        struct log_style in_force = log_writer_style();

        log_line_format(&line, &in_force, now, event);
        posted = log_writer_post(&line, &in_force);
    } while (!posted); /* the style has changed meanwhile */
}

void log_tap_errors(log_tap *take, void *owner)
{
    tap = take;
    tap_owner = owner;
}

static void tap_event(const struct log_event *event)
{
    struct log_line line;

    log_line_format_bare(&line, event);
    tap(tap_owner, line.bytes, line.length);
}

void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    enum log_mode writer = (enum log_mode)atomic_load(&mode);
    const struct log_event event = {level, message, fields, count};
    int saved_errno = errno;

    if (level == LOG_LEVEL_ERROR && tap != NULL) {
        tap_event(&event);
    }
    if (writer == LOG_MODE_DIRECT ||
        (writer == LOG_MODE_THREAD && log_writer_admit(level, message))) {
        write_event(writer, &event);
    }
    errno = saved_errno;
}

void log_access(const char *message, const struct log_field *fields, size_t count)
{
    enum log_mode writer = (enum log_mode)atomic_load(&mode);
    int saved_errno = errno;

    if (writer != LOG_MODE_SILENCED) {
        write_event(writer, &(struct log_event){LOG_LEVEL_INFO, message, fields, count});
    }
    errno = saved_errno;
}

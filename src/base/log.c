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
#include <time.h>
#include <unistd.h>

/* Who writes. */
enum log_mode {
    LOG_MODE_DIRECT,  /* the caller: before log_start, and after an orderly log_stop */
    LOG_MODE_THREAD,  /* the writing thread */
    LOG_MODE_SILENCED /* nobody: the target was stuck at log_stop and would hold up the caller */
};

static atomic_int level_in_force = LOG_LEVEL_INFO;
static atomic_int mode = LOG_MODE_DIRECT;

/* Set by log_configure, before there are other threads; with LOG_MODE_THREAD only read. */
static struct log_style style = {.format = LOG_FORMAT_TEXT};
static struct log_output output = {.target = LOG_TARGET_STDERR, .fd = STDERR_FILENO};

bool log_enabled(enum log_level level)
{
    return (int)level <= atomic_load_explicit(&level_in_force, memory_order_relaxed);
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
    if (atomic_load(&mode) == LOG_MODE_THREAD) {
        atomic_store(&mode, log_writer_stop() ? LOG_MODE_DIRECT : LOG_MODE_SILENCED);
    }
}

static void write_event(enum log_mode writer, const struct log_event *event)
{
    struct log_line line;
    struct timespec now;
    size_t written = 0;

    clock_gettime(CLOCK_REALTIME, &now);
    log_line_format(&line, &style, now, event);
    if (writer == LOG_MODE_THREAD) {
        log_writer_post(&line);
    } else {
        log_output_write(&output, line.bytes, line.length, &written);
    }
}

void log_event(enum log_level level, const char *message, const struct log_field *fields,
               size_t count)
{
    enum log_mode writer = (enum log_mode)atomic_load(&mode);
    int saved_errno = errno;

    if (writer == LOG_MODE_DIRECT ||
        (writer == LOG_MODE_THREAD && log_writer_admit(level, message))) {
        write_event(writer, &(struct log_event){level, message, fields, count});
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

/*
 * The writing thread. Callers fill one half of the buffer while the thread writes the other; the
 * halves change places when the thread has finished. So callers hold the lock for one memcpy, and
 * only this thread ever waits for the target.
 *
 * A target that fails (a full disk) is tried again every second, and a line says so afterwards.
 *
 * When lines are to go elsewhere, the place in the half is noted up to which they belong to the old
 * target. A line is formatted before it is posted, so its style is compared under the lock.
 */
#include "base/log_writer.h"

#include "base/clock.h"
#include "base/log_flood.h"

#include <errno.h>
#include <pthread.h>
#include <signal.h>
#include <stdatomic.h>
#include <stdint.h>
#include <string.h>
#include <time.h>

enum { HALF_BYTES = 1 << 19, RETRY_AFTER_MS = 1000, STOP_WITHIN_MS = 1000 };

static struct {
    pthread_t thread;
    pthread_mutex_t lock;
    /*
     * Wakes the thread, and who waits for its end. On the monotonic clock. Made at the first start
     * and never destroyed: who is late to log finds it as it was.
     */
    pthread_cond_t changed;
    bool has_condition;

    /* Under the lock. */
    char *filling; /* the half that callers append to */
    size_t filled_bytes;
    uint64_t lost; /* lines that found no room, not yet reported */
    struct log_flood flood;
    bool reopen;   /* asked for */
    bool replaces; /* asked for: from old_bytes of `filling` on lines are for `replacement` */
    size_t old_bytes;
    struct log_replacement replacement;
    bool stop; /* asked for */
    bool ended;

    atomic_uint style_in_force; /* see pack_style; written under the lock, read without it */

    /* The thread's own. */
    struct log_output *output;
    struct log_style style;
    int failure; /* the last errno value of the target, not yet reported */

    char halves[2][HALF_BYTES];
} writer = {.lock = PTHREAD_MUTEX_INITIALIZER};

/* What the thread takes out of the shared state at a time. */
struct batch {
    const char *lines;
    size_t length;
    uint64_t lost;
    struct log_flood_report reports[LOG_FLOOD_SLOTS];
    size_t report_count;
    bool reopen;
    bool replaces; /* behind old_bytes of the lines */
    size_t old_bytes;
    struct log_replacement replacement;
    bool last;
};

static unsigned pack_style(const struct log_style *style)
{
    return (unsigned)style->format << 1 | style->with_priority;
}

struct log_style log_writer_style(void)
{
    unsigned packed = atomic_load_explicit(&writer.style_in_force, memory_order_relaxed);

    return (struct log_style){(enum log_format)(packed >> 1), (packed & 1) != 0};
}

/* Under the lock: waits until it is told of something or `until_ms`; -1: without limit. */
static void wait_for_change(int64_t until_ms)
{
    if (until_ms < 0) {
        pthread_cond_wait(&writer.changed, &writer.lock);
    } else {
        struct timespec until = {.tv_sec = until_ms / 1000, .tv_nsec = until_ms % 1000 * 1000000};

        pthread_cond_timedwait(&writer.changed, &writer.lock, &until);
    }
}

static bool reports_are_due(void)
{
    return writer.flood.report_at_ms >= 0 && writer.flood.report_at_ms <= clock_monotonic_ms();
}

/* Waits for work and takes it: the other half is empty and is what callers fill from now on. */
static void take_batch(struct batch *batch)
{
    pthread_mutex_lock(&writer.lock);
    while (writer.filled_bytes == 0 && !writer.reopen && !writer.replaces && !writer.stop &&
           !reports_are_due()) {
        wait_for_change(writer.flood.report_at_ms);
    }
    batch->lines = writer.filling;
    batch->length = writer.filled_bytes;
    batch->lost = writer.lost;
    batch->reopen = writer.reopen;
    batch->replaces = writer.replaces;
    batch->old_bytes = writer.replaces ? writer.old_bytes : writer.filled_bytes;
    batch->replacement = writer.replacement;
    batch->last = writer.stop && writer.filled_bytes == 0; /* a replacement comes with it */
    batch->report_count = 0;
    if (batch->last || reports_are_due()) {
        batch->report_count = log_flood_take_reports(&writer.flood, batch->reports);
    }
    writer.filling = writer.halves[writer.filling == writer.halves[0]];
    writer.filled_bytes = 0;
    writer.lost = 0;
    writer.reopen = false;
    writer.replaces = false;
    pthread_mutex_unlock(&writer.lock);
}

/* Pauses before the next attempt; sets *reopen if that was asked for. False: this target is over.
 */
static bool wait_before_retry(bool *reopen)
{
    int64_t until_ms = clock_monotonic_ms() + RETRY_AFTER_MS;
    bool over;

    pthread_mutex_lock(&writer.lock);
    while (!writer.stop && !writer.replaces && !writer.reopen && clock_monotonic_ms() < until_ms) {
        wait_for_change(until_ms);
    }
    *reopen = writer.reopen;
    writer.reopen = false;
    over = writer.stop || writer.replaces;
    pthread_mutex_unlock(&writer.lock);
    return !over;
}

/* Where the line begins that was cut by an error: a new file must not start in its middle. */
static size_t line_start(const char *lines, size_t written)
{
    const char *end = memrchr(lines, '\n', written);

    return end == NULL ? 0 : (size_t)(end + 1 - lines);
}

static uint64_t count_lines(const char *lines, size_t length)
{
    uint64_t count = 0;

    for (size_t i = 0; i < length; i++) {
        count += lines[i] == '\n';
    }
    return count;
}

/* Writes all of it, however often the target fails meanwhile; gives up when the target is over.
 * Returns how many lines were lost by that. */
static uint64_t write_lines(const char *lines, size_t length, bool is_over)
{
    size_t written = 0;
    bool reopen;
    int error;

    while ((error = log_output_write(writer.output, lines, length, &written)) != 0) {
        writer.failure = error;
        if (is_over || !wait_before_retry(&reopen)) {
            return count_lines(lines + written, length - written);
        }
        if (reopen && log_output_reopen(writer.output) == 0) {
            written = line_start(lines, written);
        }
    }
    return 0;
}

/* Writes a line of the thread's own. */
static void write_event(enum log_level level, const char *message, const struct log_field *fields,
                        size_t field_count)
{
    struct log_event event = {level, message, fields, field_count};
    struct log_line line;
    struct timespec now;

    clock_gettime(CLOCK_REALTIME, &now);
    log_line_format(&line, &writer.style, now, &event);
    (void)write_lines(line.bytes, line.length, false);
}

static void reopen_output(void)
{
    int error = log_output_reopen(writer.output);

    if (error != 0) {
        const struct log_field fields[] = {LOG_TEXT("path", writer.output->path),
                                           LOG_TEXT("error", strerror(error))};

        write_event(LOG_LEVEL_ERROR, "cannot open the log file anew", fields, 2);
    }
}

static void replace_output(const struct log_replacement *replacement)
{
    log_output_close(writer.output);
    *writer.output = replacement->output;
    writer.style = replacement->style;
}

/* Each line to the target that was in force when it was posted. */
static void write_batch(struct batch *batch)
{
    batch->lost += write_lines(batch->lines, batch->old_bytes, batch->replaces);
    if (batch->replaces) {
        replace_output(&batch->replacement);
        batch->lost +=
            write_lines(batch->lines + batch->old_bytes, batch->length - batch->old_bytes, false);
    }
}

static void report_floods(const struct batch *batch)
{
    for (size_t i = 0; i < batch->report_count; i++) {
        const struct log_flood_report *report = &batch->reports[i];
        const struct log_field fields[] = {LOG_TEXT("like", report->message),
                                           LOG_NUMBER("count", report->held_back)};

        write_event(report->level, "more lines were left out", fields, 2);
    }
}

/* Says that lines are missing, or that the target failed for a while, or both. */
static void report_losses(uint64_t lost)
{
    const char *error = writer.failure != 0 ? strerror(writer.failure) : "";
    const struct log_field fields[] = {LOG_NUMBER("lost", lost), LOG_TEXT("error", error)};

    if (lost > 0 || writer.failure != 0) {
        write_event(LOG_LEVEL_WARNING, "the log was held up", fields, writer.failure != 0 ? 2 : 1);
        writer.failure = 0;
    }
}

static void *run_writer(void *unused)
{
    struct batch batch;

    (void)unused;
    do {
        take_batch(&batch);
        if (batch.reopen) {
            reopen_output();
        }
        write_batch(&batch);
        report_floods(&batch);
        report_losses(batch.lost);
    } while (!batch.last);

    pthread_mutex_lock(&writer.lock);
    writer.ended = true;
    pthread_cond_broadcast(&writer.changed);
    pthread_mutex_unlock(&writer.lock);
    return NULL;
}

/* The signals are the main thread's: this one starts with all of them blocked. */
static int start_thread(void)
{
    sigset_t all;
    sigset_t before;
    int error;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = pthread_create(&writer.thread, NULL, run_writer, NULL);
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    return error;
}

static int init_condition(void)
{
    pthread_condattr_t attributes;
    int error = pthread_condattr_init(&attributes);

    if (error != 0) {
        return error;
    }
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC);
    error = pthread_cond_init(&writer.changed, &attributes);
    pthread_condattr_destroy(&attributes);
    writer.has_condition = error == 0;
    return error;
}

int log_writer_start(struct log_output *output, const struct log_style *style)
{
    int error = writer.has_condition ? 0 : init_condition();

    if (error != 0) {
        return error;
    }
    writer.filling = writer.halves[0];
    writer.filled_bytes = 0;
    writer.lost = 0;
    log_flood_init(&writer.flood);
    writer.reopen = false;
    writer.replaces = false;
    writer.stop = false;
    writer.ended = false;
    writer.output = output;
    writer.style = *style;
    atomic_store(&writer.style_in_force, pack_style(style));
    writer.failure = 0;
    return start_thread();
}

bool log_writer_admit(enum log_level level, const char *message)
{
    int64_t now_ms = clock_monotonic_ms();
    bool nothing_held_back;
    bool admitted;

    pthread_mutex_lock(&writer.lock);
    nothing_held_back = writer.flood.report_at_ms < 0;
    admitted = log_flood_admit(&writer.flood, level, message, now_ms);
    if (nothing_held_back && !admitted) {
        /* From here on the thread has a time at which to wake. */
        pthread_cond_signal(&writer.changed);
    }
    pthread_mutex_unlock(&writer.lock);
    return admitted;
}

bool log_writer_post(const struct log_line *line, const struct log_style *style)
{
    bool posted = true;

    pthread_mutex_lock(&writer.lock);
    if (pack_style(style) != atomic_load_explicit(&writer.style_in_force, memory_order_relaxed)) {
        posted = false;
    } else if (line->length > HALF_BYTES - writer.filled_bytes) {
        writer.lost++;
    } else {
        if (writer.filled_bytes == 0) {
            pthread_cond_signal(&writer.changed);
        }
        memcpy(writer.filling + writer.filled_bytes, line->bytes, line->length);
        writer.filled_bytes += line->length;
    }
    pthread_mutex_unlock(&writer.lock);
    return posted;
}

/* Under the lock: gives up a replacement that the thread has not taken, and the lines for it. */
static void drop_replacement(void)
{
    writer.lost +=
        count_lines(writer.filling + writer.old_bytes, writer.filled_bytes - writer.old_bytes);
    writer.filled_bytes = writer.old_bytes;
    log_output_close(&writer.replacement.output);
}

void log_writer_replace(const struct log_replacement *replacement)
{
    pthread_mutex_lock(&writer.lock);
    if (writer.replaces) {
        drop_replacement();
    }
    writer.replaces = true;
    writer.old_bytes = writer.filled_bytes;
    writer.replacement = *replacement;
    atomic_store_explicit(&writer.style_in_force, pack_style(&replacement->style),
                          memory_order_relaxed);
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.lock);
}

void log_writer_reopen(void)
{
    pthread_mutex_lock(&writer.lock);
    writer.reopen = true;
    pthread_cond_signal(&writer.changed);
    pthread_mutex_unlock(&writer.lock);
}

/* Asks the thread to end and waits for it to say so, as long as it may take. */
static bool wait_for_end(void)
{
    int64_t until_ms = clock_monotonic_ms() + STOP_WITHIN_MS;
    bool ended;

    pthread_mutex_lock(&writer.lock);
    writer.stop = true;
    pthread_cond_broadcast(&writer.changed);
    while (!writer.ended && clock_monotonic_ms() < until_ms) {
        wait_for_change(until_ms);
    }
    ended = writer.ended;
    pthread_mutex_unlock(&writer.lock);
    return ended;
}

bool log_writer_stop(void)
{
    if (!wait_for_end()) {
        pthread_detach(writer.thread);
        return false;
    }
    pthread_join(writer.thread, NULL);
    return true;
}

/*
 * Where the log goes: standard error, the journal, syslog, and targets that take nothing.
 */
#include "base/clock.h"
#include "base/log.h"

#include "log_file.h"
#include "suite.h"

#include <fcntl.h>
#include <glob.h>
#include <inttypes.h>
#include <poll.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/resource.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

enum { LOUD_LINES = 4000, READ_BYTES = 8 << 20, DISK_BYTES = 30, PATIENCE_MS = 20000 };

#define REPORT " warning the log was held up lost="

/* Makes standard error a pipe. Returns its reading end; *saved gets the old standard error. */
static int stderr_to_pipe(int *saved)
{
    int ends[2];

    ck_assert_int_eq(pipe2(ends, O_CLOEXEC), 0);
    *saved = fcntl(STDERR_FILENO, F_DUPFD_CLOEXEC, 3);
    ck_assert_int_ge(*saved, 0);
    ck_assert_int_eq(dup2(ends[1], STDERR_FILENO), STDERR_FILENO);
    close(ends[1]);
    return ends[0];
}

static void restore_stderr(int saved)
{
    dup2(saved, STDERR_FILENO);
    close(saved);
}

/* More than pipe and buffer can hold together. */
static void log_loudly(void)
{
    static char value[LOG_VALUE_MAX_BYTES];
    const struct log_field fields[] = {LOG_SLICE("v", ((struct slice){value, sizeof value}))};

    memset(value, 'v', sizeof value);
    for (int i = 0; i < LOUD_LINES; i++) {
        log_access("loud", fields, 1);
    }
}

/* Reads what comes next into a text of READ_BYTES; the end must not come. */
static void read_more(int fd, char *text, size_t *length)
{
    struct pollfd readable = {.fd = fd, .events = POLLIN};
    ssize_t count;

    ck_assert_uint_lt(*length + 1, READ_BYTES);
    ck_assert_int_eq(poll(&readable, 1, PATIENCE_MS), 1);
    count = read(fd, text + *length, READ_BYTES - 1 - *length);
    ck_assert_int_gt(count, 0);
    *length += (size_t)count;
}

static char *reading_buffer(void)
{
    char *text = calloc(1, READ_BYTES);

    ck_assert_ptr_nonnull(text);
    return text;
}

/* Reads until `what` has come. Returns all that was read, to be freed. */
static char *read_until(int fd, const char *what)
{
    char *text = reading_buffer();
    size_t length = 0;

    while (strstr(text, what) == NULL) {
        read_more(fd, text, &length);
    }
    return text;
}

/* What the whole lines of a text account for: loud lines that have come, and those told as lost. */
struct account {
    uint64_t come;
    uint64_t lost;
    unsigned reports;
    size_t length; /* of the text accounted for */
};

static void account_lines(struct account *account, const char *text)
{
    const char *line = text + account->length;
    const char *end;

    for (; (end = strchr(line, '\n')) != NULL; line = end + 1) {
        const char *report = memmem(line, (size_t)(end - line), REPORT, strlen(REPORT));

        if (report != NULL) {
            account->lost += strtoumax(report + strlen(REPORT), NULL, 10);
            account->reports++;
        } else {
            account->come += memmem(line, (size_t)(end - line), " info loud v=", 13) != NULL;
        }
    }
    account->length = (size_t)(line - text);
}

/*
 * Reads until every loud line has come or has been told as lost, in however many reports: the
 * writing thread may begin before or after the buffer is full.
 */
static struct account read_all_accounts(int fd)
{
    char *text = reading_buffer();
    struct account account = {0};
    size_t length = 0;

    while (account.come + account.lost < LOUD_LINES) {
        read_more(fd, text, &length);
        account_lines(&account, text);
    }
    free(text);
    return account;
}

START_TEST(test_a_pipe_that_nobody_reads_holds_up_nobody_and_lost_lines_are_counted)
{
    int saved;
    int pipe_end = stderr_to_pipe(&saved);
    struct account account;

    if (_i == 1) {
        fcntl(STDERR_FILENO, F_SETFL, O_NONBLOCK);
    }
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR, NULL), 0);
    ck_assert_int_eq(log_start(), 0);
    log_loudly();
    account = read_all_accounts(pipe_end);
    log_stop();
    restore_stderr(saved);
    ck_assert_uint_eq(account.come + account.lost, LOUD_LINES);
    ck_assert_uint_ge(account.reports, 1);
    close(pipe_end);
}
END_TEST

START_TEST(test_stopping_gives_up_on_a_stuck_pipe_after_a_second)
{
    int saved;
    int pipe_end = stderr_to_pipe(&saved);
    int null;
    int64_t before_ms;

    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR, NULL), 0);
    ck_assert_int_eq(log_start(), 0);
    log_loudly();
    before_ms = clock_monotonic_ms();
    log_stop();
    ck_assert_int_ge(clock_monotonic_ms() - before_ms, 1000);
    ck_assert_int_lt(clock_monotonic_ms() - before_ms, 5000);
    /* Neither of these may touch the pipe: it would hold up this thread for good. */
    log_error("nobody hears this");
    log_access("nor this", NULL, 0);
    log_stop();
    /* The thread comes free in here, and what it still has must not go among the results. */
    null = open("/dev/null", O_WRONLY | O_CLOEXEC);
    ck_assert_int_eq(dup2(null, STDERR_FILENO), STDERR_FILENO);
    close(null);
    close(saved);
    close(pipe_end);
}
END_TEST

static void limit_file_size(rlim_t bytes)
{
    struct rlimit limit;

    getrlimit(RLIMIT_FSIZE, &limit);
    limit.rlim_cur = bytes;
    setrlimit(RLIMIT_FSIZE, &limit);
}

/* Whether a thread has met the limit: it has blocked the signal for that, which stays pending. */
static bool limit_was_met(void)
{
    char pending[32];
    glob_t tasks;
    bool met = false;

    snprintf(pending, sizeof pending, "SigPnd:\t%016" PRIx64, UINT64_C(1) << (SIGXFSZ - 1));
    if (glob("/proc/self/task/*/status", 0, NULL, &tasks) == 0) {
        for (size_t i = 0; i < tasks.gl_pathc; i++) {
            met = met || strstr(log_file_read(tasks.gl_pathv[i]), pending) != NULL;
        }
        globfree(&tasks);
    }
    return met;
}

/*
 * Logs two lines to a disk where a part of the first one has room, and comes back when the rest
 * has been refused. The limit remains: no check until it is lifted, as Check writes files itself.
 */
static bool fill_disk(void)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool met = false;

    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    limit_file_size(DISK_BYTES);
    log_info("first");
    log_info("second");
    while (!met && clock_monotonic_ms() < until_ms) {
        met = limit_was_met();
    }
    return met;
}

static void ck_assert_two_lines_and_a_report(void)
{
    log_file_wait_until_it_has(log_file_path,
                               " warning the log was held up lost=0 error=\"File too large\"\n");
    ck_assert_uint_eq(text_count(log_file_content, "Z info first\n"), 1);
    ck_assert_uint_eq(text_count(log_file_content, "Z info second\n"), 1);
    ck_assert_uint_eq(text_count(log_file_content, "\n"), 3);
}

START_TEST(test_a_full_disk_is_waited_for_and_reported_and_costs_no_line)
{
    bool met = fill_disk();

    limit_file_size(RLIM_INFINITY);
    ck_assert(met);
    ck_assert_two_lines_and_a_report();
}
END_TEST

START_TEST(test_a_line_cut_by_a_full_disk_is_whole_in_the_file_opened_anew)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;
    bool met = fill_disk();
    bool renamed = rename(log_file_path, log_file_rotated) == 0;
    struct stat status = {0};

    log_reopen();
    while (status.st_size < DISK_BYTES && clock_monotonic_ms() < until_ms) {
        stat(log_file_path, &status);
    }
    limit_file_size(RLIM_INFINITY);
    ck_assert(met && renamed);
    ck_assert_two_lines_and_a_report();
    ck_assert_str_eq(log_file_content + strlen("2026-11-23T03:17:12.123Z"),
                     strstr(log_file_content, " info first\n"));
    ck_assert_uint_eq(strlen(log_file_read(log_file_rotated)), DISK_BYTES);
}
END_TEST

START_TEST(test_stopping_does_not_wait_for_a_full_disk)
{
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_FILE, "/dev/full"),
                     0);
    ck_assert_int_eq(log_start(), 0);
    log_info("line");
    log_stop();
}
END_TEST

/* ---- the journal ---- */

/* What $JOURNAL_STREAM holds around the device and the inode of standard error. */
static const struct {
    const char *before_device;
    const char *between;
    bool is_journal;
} journals[] = {
    {"", ":", true}, {"", ":1", false}, {"1", ":", false}, {"", ".", false}, {"", "", false},
};

START_TEST(test_standard_error_gets_priorities_when_it_is_the_journal)
{
    int saved;
    int pipe_end = stderr_to_pipe(&saved);
    struct stat status;
    char stream[64];
    char line[128] = "";

    ck_assert_int_eq(fstat(STDERR_FILENO, &status), 0);
    snprintf(stream, sizeof stream, "%s%ju%s%ju", journals[_i].before_device,
             (uintmax_t)status.st_dev, journals[_i].between, (uintmax_t)status.st_ino);
    setenv("JOURNAL_STREAM", stream, 1);
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR, NULL), 0);
    unsetenv("JOURNAL_STREAM");
    log_warning("line");
    restore_stderr(saved);
    ck_assert_int_gt(read(pipe_end, line, sizeof line - 1), 0);
    close(pipe_end);
    if (journals[_i].is_journal) {
        ck_assert_str_eq(line, "<4>warning line\n");
    } else {
        ck_assert_str_eq(line + strlen("2026-11-23T03:17:12.123Z"), " warning line\n");
    }
}
END_TEST

/* ---- syslog ---- */

START_TEST(test_syslog_gets_each_line_apart_without_its_priority)
{
    int saved;
    int pipe_end = stderr_to_pipe(&saved);
    char *text;

    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_SYSLOG, NULL), 0);
    /* Has syslog(3) write a copy to standard error. */
    openlog("test", LOG_PERROR, LOG_DAEMON);
    ck_assert_int_eq(log_start(), 0);
    log_warning("first", LOG_TEXT("value", "50% \n"));
    log_info("second");
    log_stop();
    text = read_until(pipe_end, "second\n");
    restore_stderr(saved);
    close(pipe_end);
    closelog();
    ck_assert_str_eq(text, "test: warning first value=\"50% \\x0a\"\ntest: info second\n");
    free(text);
}
END_TEST

static Suite *log_target_suite(void)
{
    Suite *suite = suite_create("log_target");
    TCase *stuck = tcase_create("stuck");
    TCase *receivers = tcase_create("receivers");
    TCase *abandoned = tcase_create("abandoned");

    tcase_add_checked_fixture(stuck, log_file_prepare, log_file_clean_up);
    tcase_set_timeout(stuck, 60);
    tcase_add_loop_test(
        stuck, test_a_pipe_that_nobody_reads_holds_up_nobody_and_lost_lines_are_counted, 0, 2);
    tcase_add_test(stuck, test_a_full_disk_is_waited_for_and_reported_and_costs_no_line);
    tcase_add_test(stuck, test_a_line_cut_by_a_full_disk_is_whole_in_the_file_opened_anew);
    tcase_add_test(stuck, test_stopping_does_not_wait_for_a_full_disk);
    suite_add_tcase(suite, stuck);

    tcase_add_checked_fixture(receivers, log_file_prepare, log_file_clean_up);
    tcase_set_timeout(receivers, 60);
    tcase_add_loop_test(receivers, test_standard_error_gets_priorities_when_it_is_the_journal, 0,
                        sizeof journals / sizeof *journals);
    tcase_add_test(receivers, test_syslog_gets_each_line_apart_without_its_priority);
    suite_add_tcase(suite, receivers);

    /* Leaves a stuck thread behind: it comes last, and the log cannot be used afterwards. */
    tcase_set_timeout(abandoned, 60);
    tcase_add_test(abandoned, test_stopping_gives_up_on_a_stuck_pipe_after_a_second);
    suite_add_tcase(suite, abandoned);
    return suite;
}

int main(void)
{
    return suite_run(log_target_suite());
}

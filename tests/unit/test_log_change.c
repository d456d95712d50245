/*
 * Changing the log's target, format and level while threads log.
 */
#include "base/log.h"

#include "log_file.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>

enum { THREADS = 2, LINES = 2000, CHANGES = 50 };

static void change(enum log_level level, enum log_format format, const char *path)
{
    struct log_change *prepared;

    ck_assert_int_eq(log_prepare(level, format, LOG_TARGET_FILE, path, &prepared), 0);
    log_apply(prepared);
}

/* How many lines of a text begin so; there are no others. */
static unsigned count_lines_that_begin(const char *text, const char *beginning)
{
    unsigned count = 0;

    for (; *text != '\0'; text = strchr(text, '\n') + 1) {
        ck_assert_msg(strncmp(text, beginning, strlen(beginning)) == 0, "%.80s", text);
        ck_assert_ptr_nonnull(strchr(text, '\n'));
        count++;
    }
    return count;
}

START_TEST(test_lines_go_where_the_log_went_when_they_were_logged)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    log_info("before");
    change(LOG_LEVEL_INFO, LOG_FORMAT_JSON, log_file_rotated);
    log_info("after");
    log_stop();
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info before\n"), 1);
    ck_assert_uint_eq(text_count(log_file_content, "after"), 0);
    ck_assert_uint_eq(count_lines_that_begin(log_file_read(log_file_rotated), "{\"time\":"), 1);
    ck_assert_ptr_nonnull(strstr(log_file_content, "\"after\""));
}
END_TEST

START_TEST(test_the_level_changes)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    log_debug("unseen");
    change(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, log_file_path);
    log_debug("seen");
    log_file_wait_until_it_has(log_file_path, " debug seen\n"); /* else it is lost, see below */
    change(LOG_LEVEL_ERROR, LOG_FORMAT_TEXT, log_file_path);
    log_warning("unseen");
    log_stop();
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), 1);
    ck_assert_uint_eq(text_count(log_file_content, " debug seen\n"), 1);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_opened_changes_nothing)
{
    struct log_change *prepared;

    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    ck_assert_int_eq(log_prepare(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, LOG_TARGET_FILE,
                                 "/nonexistent/directory/log", &prepared),
                     ENOENT);
    ck_assert_int_eq(
        log_prepare(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, LOG_TARGET_FILE, log_file_rotated, &prepared),
        0);
    log_discard(prepared);
    log_discard(NULL);
    log_info("as before");
    log_stop();
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info as before\n"), 1);
    ck_assert_str_eq(log_file_read(log_file_rotated), "");
}
END_TEST

static void *log_much(void *unused)
{
    (void)unused;
    for (int i = 0; i < LINES; i++) {
        log_access("line", NULL, 0);
    }
    return NULL;
}

/* A change that comes before the last one was carried out would cost lines. */
static void wait_until_changed(const char *path, int round, const char *before, const char *behind)
{
    const struct log_field fields[] = {LOG_NUMBER("round", round)};
    char line_end[32];

    snprintf(line_end, sizeof line_end, "%s%d%s", before, round, behind);
    log_access("round", fields, 1);
    log_file_wait_until_it_has(path, line_end);
}

/* Text in one file, JSON in the other, back and forth: no line is lost, or in the wrong one. */
START_TEST(test_no_line_is_lost_or_has_the_wrong_format_while_threads_log)
{
    pthread_t threads[THREADS];
    unsigned text_lines;
    unsigned json_lines;

    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, log_much, NULL), 0);
    }
    for (int i = 0; i < CHANGES; i++) {
        change(LOG_LEVEL_INFO, LOG_FORMAT_JSON, log_file_rotated);
        wait_until_changed(log_file_rotated, i, "\"round\":", "}\n");
        change(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, log_file_path);
        wait_until_changed(log_file_path, i, " round=", "\n");
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_stop();
    text_lines = count_lines_that_begin(log_file_read(log_file_path), "20");
    json_lines = count_lines_that_begin(log_file_read(log_file_rotated), "{\"time\":");
    ck_assert_uint_eq(text_lines + json_lines, THREADS * LINES + 2 * CHANGES);
}
END_TEST

struct tapped {
    char text[128];
    unsigned count;
};

static void keep_tapped(void *owner, const char *text, size_t length)
{
    struct tapped *tapped = owner;

    snprintf(tapped->text, sizeof tapped->text, "%.*s", (int)length, text);
    tapped->count++;
}

static void *log_an_error(void *unused)
{
    (void)unused;
    log_error("of another thread");
    return NULL;
}

START_TEST(test_errors_of_a_thread_can_be_had_as_they_are_logged)
{
    struct tapped tapped = {.count = 0};
    pthread_t other;

    log_file_configure(LOG_LEVEL_INFO);
    log_tap_errors(keep_tapped, &tapped);
    log_warning("no error");
    ck_assert_int_eq(pthread_create(&other, NULL, log_an_error, NULL), 0);
    pthread_join(other, NULL);
    log_error("cannot listen", LOG_TEXT("address", "a b"), LOG_NUMBER("n", 1));
    log_tap_errors(NULL, NULL);
    log_error("afterwards");
    ck_assert_uint_eq(tapped.count, 1);
    ck_assert_str_eq(tapped.text, "cannot listen address=\"a b\" n=1");
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), 4);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("log_change");
    TCase *tests = suite_case(suite, "log_change");

    tcase_add_checked_fixture(tests, log_file_prepare, log_file_clean_up);
    tcase_add_test(tests, test_lines_go_where_the_log_went_when_they_were_logged);
    tcase_add_test(tests, test_the_level_changes);
    tcase_add_test(tests, test_a_file_that_cannot_be_opened_changes_nothing);
    tcase_add_test(tests, test_no_line_is_lost_or_has_the_wrong_format_while_threads_log);
    tcase_add_test(tests, test_errors_of_a_thread_can_be_had_as_they_are_logged);
    return suite_run(suite);
}

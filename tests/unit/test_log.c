/*
 * The log as a whole: levels, files, floods, threads.
 */
#include "base/log.h"

#include "log_file.h"
#include "suite.h"

#include <errno.h>
#include <pthread.h>
#include <stdio.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

START_TEST(test_lines_are_written_at_once_before_the_start_and_after_the_stop)
{
    log_file_configure(LOG_LEVEL_INFO);
    log_info("first");
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info first\n"), 1);
    ck_assert_int_eq(log_start(), 0);
    log_stop();
    log_info("last", LOG_NUMBER("n", 1));
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info last n=1\n"), 1);
}
END_TEST

START_TEST(test_stopping_writes_everything_in_order)
{
    char expected[32];
    const char *at;

    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < 2000; i++) {
        const struct log_field fields[] = {LOG_NUMBER("i", i)};

        log_access("open", fields, 1);
    }
    log_stop();
    at = log_file_read(log_file_path);
    for (int i = 0; i < 2000; i++) {
        snprintf(expected, sizeof expected, " info open i=%d\n", i);
        at = strstr(at, expected);
        ck_assert_msg(at != NULL, "line %d is missing", i);
    }
}
END_TEST

START_TEST(test_a_level_lets_through_what_is_at_least_as_grave)
{
    log_file_configure((enum log_level)_i);
    log_error("line", LOG_NUMBER("level", LOG_LEVEL_ERROR));
    log_warning("line", LOG_NUMBER("level", LOG_LEVEL_WARNING));
    log_notice("line", LOG_NUMBER("level", LOG_LEVEL_NOTICE));
    log_info("line", LOG_NUMBER("level", LOG_LEVEL_INFO));
    log_debug("line", LOG_NUMBER("level", LOG_LEVEL_DEBUG));
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), (unsigned)_i + 1);
    for (int level = LOG_LEVEL_ERROR; level <= LOG_LEVEL_DEBUG; level++) {
        ck_assert_int_eq(log_enabled((enum log_level)level), level <= _i);
    }
}
END_TEST

START_TEST(test_the_access_log_does_not_depend_on_the_level)
{
    log_file_configure(LOG_LEVEL_ERROR);
    log_access("open", NULL, 0);
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info open\n"), 1);
}
END_TEST

START_TEST(test_logging_keeps_errno)
{
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_FILE, "/dev/full"),
                     0);
    errno = EXDEV;
    log_error("line");
    log_access("line", NULL, 0);
    ck_assert_int_eq(errno, EXDEV);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_opened_changes_nothing)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(
        log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_JSON, LOG_TARGET_FILE, log_file_directory),
        EISDIR);
    ck_assert(!log_enabled(LOG_LEVEL_DEBUG));
    log_info("still here");
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " info still here\n"), 1);
}
END_TEST

START_TEST(test_the_file_is_readable_for_owner_and_group_and_is_appended_to)
{
    struct stat status;
    mode_t before = umask(0);

    log_file_configure(LOG_LEVEL_INFO);
    umask(before);
    log_info("first");
    log_file_configure(LOG_LEVEL_INFO);
    log_info("second");
    ck_assert_int_eq(stat(log_file_path, &status), 0);
    ck_assert_int_eq(status.st_mode & 0777, 0640);
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), 2);
}
END_TEST

START_TEST(test_reopening_goes_on_in_a_new_file)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    log_info("before");
    log_file_wait_until_it_has(log_file_path, "before");
    ck_assert_int_eq(rename(log_file_path, log_file_rotated), 0);
    log_reopen();
    log_info("after");
    log_stop();
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), " after\n"), 1);
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), 1);
    ck_assert_uint_eq(text_count(log_file_read(log_file_rotated), "\n"), 1);
}
END_TEST

START_TEST(test_a_file_that_cannot_be_reopened_stays_and_says_so)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    ck_assert_int_eq(rename(log_file_path, log_file_rotated), 0);
    ck_assert_int_eq(mkdir(log_file_path, 0700), 0);
    log_reopen();
    log_info("after");
    log_stop();
    ck_assert_int_eq(rmdir(log_file_path), 0);
    ck_assert_uint_eq(
        text_count(log_file_read(log_file_rotated), " error cannot open the log file anew"), 1);
    ck_assert_uint_eq(text_count(log_file_content, "error=\"Is a directory\""), 1);
    ck_assert_uint_eq(text_count(log_file_content, " info after\n"), 1);
}
END_TEST

START_TEST(test_a_flood_is_thinned_and_its_rest_reported_within_a_second_or_so)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < 5000; i++) {
        log_warning("cannot accept");
    }
    log_file_wait_until_it_has(log_file_path,
                               " warning more lines were left out like=\"cannot accept\" count=");
    ck_assert_uint_eq(text_count(log_file_content, " warning cannot accept\n") +
                          text_number_after(log_file_content, " count="),
                      5000);
    ck_assert_uint_lt(text_count(log_file_content, "\n"), 100);
}
END_TEST

START_TEST(test_lines_held_back_while_all_is_quiet_are_reported_too)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < LOG_BURST; i++) {
        log_warning("cannot accept", LOG_NUMBER("i", i + 1));
    }
    log_file_wait_until_it_has(log_file_path, " i=50\n");
    for (int i = 0; i < LOG_BURST; i++) {
        log_warning("cannot accept");
    }
    log_file_wait_until_it_has(log_file_path, " like=\"cannot accept\" count=");
}
END_TEST

START_TEST(test_stopping_reports_what_a_flood_held_back)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < 5000; i++) {
        log_info("again");
    }
    log_stop();
    log_file_read(log_file_path);
    ck_assert_uint_eq(text_count(log_file_content, " info again\n") +
                          text_number_after(log_file_content, "like=again count="),
                      5000);
}
END_TEST

START_TEST(test_the_access_log_is_not_thinned)
{
    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < 1000; i++) {
        log_access("open", NULL, 0);
    }
    log_stop();
    ck_assert_uint_eq(text_count(log_file_read(log_file_path), "\n"), 1000);
}
END_TEST

/* ---- threads ---- */

/* All of them fit into the buffer between the threads and the writer: none may be lost, even if the
 * writer does not run before the end. */
enum { THREADS = 4, LINES_OF_A_THREAD = 1000 };

static void *write_lines(void *unused)
{
    (void)unused;
    for (int i = 0; i < LINES_OF_A_THREAD; i++) {
        const struct log_field fields[] = {LOG_TEXT("value", "some value"), LOG_NUMBER("i", i)};

        log_access("from a thread", fields, 2);
        log_info("thinned");
        if (i % 100 == 0) {
            log_reopen();
        }
    }
    return NULL;
}

START_TEST(test_lines_of_many_threads_come_whole)
{
    pthread_t threads[THREADS];

    log_file_configure(LOG_LEVEL_INFO);
    ck_assert_int_eq(log_start(), 0);
    for (int i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, write_lines, NULL), 0);
    }
    for (int i = 0; i < THREADS; i++) {
        pthread_join(threads[i], NULL);
    }
    log_stop();
    ck_assert_uint_eq(
        text_count(log_file_read(log_file_path), " info from a thread value=\"some value\" i="),
        THREADS * LINES_OF_A_THREAD);
}
END_TEST

static Suite *log_suite(void)
{
    Suite *suite = suite_create("log");
    TCase *lines = tcase_create("lines");
    TCase *files = tcase_create("files");
    TCase *floods = tcase_create("floods");

    tcase_add_checked_fixture(lines, log_file_prepare, log_file_clean_up);
    tcase_set_timeout(lines, 60);
    tcase_add_test(lines, test_lines_are_written_at_once_before_the_start_and_after_the_stop);
    tcase_add_test(lines, test_stopping_writes_everything_in_order);
    tcase_add_loop_test(lines, test_a_level_lets_through_what_is_at_least_as_grave, LOG_LEVEL_ERROR,
                        LOG_LEVEL_DEBUG + 1);
    tcase_add_test(lines, test_the_access_log_does_not_depend_on_the_level);
    tcase_add_test(lines, test_logging_keeps_errno);
    tcase_add_test(lines, test_lines_of_many_threads_come_whole);
    suite_add_tcase(suite, lines);

    tcase_add_checked_fixture(files, log_file_prepare, log_file_clean_up);
    tcase_set_timeout(files, 60);
    tcase_add_test(files, test_a_file_that_cannot_be_opened_changes_nothing);
    tcase_add_test(files, test_the_file_is_readable_for_owner_and_group_and_is_appended_to);
    tcase_add_test(files, test_reopening_goes_on_in_a_new_file);
    tcase_add_test(files, test_a_file_that_cannot_be_reopened_stays_and_says_so);
    suite_add_tcase(suite, files);

    tcase_add_checked_fixture(floods, log_file_prepare, log_file_clean_up);
    tcase_set_timeout(floods, 60);
    tcase_add_test(floods, test_a_flood_is_thinned_and_its_rest_reported_within_a_second_or_so);
    tcase_add_test(floods, test_lines_held_back_while_all_is_quiet_are_reported_too);
    tcase_add_test(floods, test_stopping_reports_what_a_flood_held_back);
    tcase_add_test(floods, test_the_access_log_is_not_thinned);
    suite_add_tcase(suite, floods);
    return suite;
}

int main(void)
{
    return suite_run(log_suite());
}

/*
 * Tests of config/source.c: which files are read.
 */
#include "config/errors.h"
#include "config/source.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static char directory[] = "/tmp/wsrelayd-test-XXXXXX";
static char path[sizeof directory + 8];
static struct config_errors errors;
static size_t length;

static void prepare(void)
{
    strcpy(directory, "/tmp/wsrelayd-test-XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(directory));
    snprintf(path, sizeof path, "%s/file", directory);
    config_errors_init(&errors, "w.yaml");
}

static void clean_up(void)
{
    config_errors_free(&errors);
    unlink(path);
    rmdir(directory);
}

static void make_file(off_t size)
{
    int fd = open(path, O_WRONLY | O_CREAT | O_CLOEXEC, 0600);

    ck_assert_int_ge(fd, 0);
    ck_assert_int_eq(ftruncate(fd, size), 0);
    close(fd);
}

static void check_refused(const char *name, const char *expected)
{
    ck_assert_ptr_null(source_read(name, &length, &errors));
    ck_assert_uint_eq(errors.error_count, 1);
    ck_assert_str_eq(errors.messages[0].text, expected);
}

START_TEST(test_a_missing_file_is_one_error)
{
    check_refused(path, "w.yaml: error: cannot open: No such file or directory "
                        "(-c FILE names the file to read)");
}
END_TEST

START_TEST(test_a_directory_is_refused)
{
    check_refused(directory, "w.yaml: error: not a regular file");
}
END_TEST

START_TEST(test_a_fifo_that_nobody_writes_to_is_refused_without_waiting)
{
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    check_refused(path, "w.yaml: error: not a regular file");
}
END_TEST

START_TEST(test_a_link_that_leads_to_itself_is_refused)
{
    ck_assert_int_eq(symlink("file", path), 0);
    check_refused(path, "w.yaml: error: cannot open: Too many levels of symbolic links");
}
END_TEST

START_TEST(test_a_file_of_one_mebibyte_is_read_whole)
{
    make_file(SOURCE_MAX_BYTES);
    char *data = source_read(path, &length, &errors);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(length, SOURCE_MAX_BYTES);
    ck_assert_uint_eq(errors.error_count, 0);
    free(data);
}
END_TEST

START_TEST(test_a_larger_file_is_refused)
{
    make_file(SOURCE_MAX_BYTES + 1);
    check_refused(path, "w.yaml: error: larger than 1 MiB");
}
END_TEST

START_TEST(test_an_empty_file_is_read)
{
    make_file(0);
    char *data = source_read(path, &length, &errors);
    ck_assert_ptr_nonnull(data);
    ck_assert_uint_eq(length, 0);
    free(data);
}
END_TEST

static Suite *source_suite(void)
{
    Suite *suite = suite_create("config source");
    TCase *tcase = tcase_create("source");

    tcase_add_checked_fixture(tcase, prepare, clean_up);
    tcase_add_test(tcase, test_a_missing_file_is_one_error);
    tcase_add_test(tcase, test_a_directory_is_refused);
    tcase_add_test(tcase, test_a_fifo_that_nobody_writes_to_is_refused_without_waiting);
    tcase_add_test(tcase, test_a_link_that_leads_to_itself_is_refused);
    tcase_add_test(tcase, test_a_file_of_one_mebibyte_is_read_whole);
    tcase_add_test(tcase, test_a_larger_file_is_refused);
    tcase_add_test(tcase, test_an_empty_file_is_read);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(source_suite());
}

/*
 * Tests of config/errors.c: how errors and warnings are collected and printed.
 */
#include "config/errors.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static struct config_errors errors;
static char *printed;

static void prepare(void)
{
    config_errors_init(&errors, "w.yaml");
    printed = NULL;
}

static void clean_up(void)
{
    config_errors_free(&errors);
    free(printed);
}

static void print(void)
{
    size_t length;
    FILE *stream = open_memstream(&printed, &length);

    ck_assert_ptr_nonnull(stream);
    config_errors_print(&errors, stream);
    ck_assert_int_eq(fclose(stream), 0);
}

static void check_printed(const char *expected)
{
    print();
    ck_assert_str_eq(printed, expected);
}

START_TEST(test_a_message_has_file_line_column_severity_and_text)
{
    config_error(&errors, 14, 9, "%s is wrong", "this");
    config_warning(&errors, 15, 1, "odd");
    check_printed("w.yaml:14:9: error: this is wrong\nw.yaml:15:1: warning: odd\n");
    ck_assert_uint_eq(errors.error_count, 1);
    ck_assert_uint_eq(errors.warning_count, 1);
}
END_TEST

START_TEST(test_a_message_has_no_column_or_no_place_where_they_are_not_known)
{
    config_error(&errors, 0, 0, "cannot open");
    config_error(&errors, 3, 0, "no column");
    check_printed("w.yaml: error: cannot open\nw.yaml:3: error: no column\n");
}
END_TEST

START_TEST(test_messages_are_printed_in_the_order_of_the_file)
{
    config_error(&errors, 7, 2, "third");
    config_warning(&errors, 2, 5, "first");
    config_error(&errors, 7, 1, "second");
    config_error(&errors, 7, 2, "fourth");
    check_printed("w.yaml:2:5: warning: first\nw.yaml:7:1: error: second\n"
                  "w.yaml:7:2: error: third\nw.yaml:7:2: error: fourth\n");
}
END_TEST

START_TEST(test_beyond_twenty_the_rest_is_counted)
{
    for (int line = 1; line <= 23; line++) {
        config_error(&errors, line, 1, "x");
    }
    ck_assert_uint_eq(errors.error_count, 23);
    ck_assert_uint_eq(errors.message_count, 20);
    print();
    ck_assert_ptr_nonnull(strstr(printed, "w.yaml:20:1: error: x\nw.yaml: and 3 more errors\n"));
}
END_TEST

START_TEST(test_the_first_twenty_of_the_file_are_kept_in_whatever_order_they_come)
{
    for (int line = 21; line >= 1; line--) {
        config_error(&errors, line, 1, "x");
        config_warning(&errors, line, 2, "y");
    }
    ck_assert_uint_eq(errors.message_count, 40);
    ck_assert_int_eq(errors.messages[0].line, 1);
    ck_assert_int_eq(errors.messages[39].line, 20);
    print();
    ck_assert_ptr_nonnull(strstr(printed, "and 1 more error\nw.yaml: and 1 more warning\n"));
}
END_TEST

START_TEST(test_a_message_is_one_line_whatever_it_quotes)
{
    config_error(&errors, 1, 1, "\"%s\"",
                 "a\nb\tc\x7f"
                 "d");
    check_printed("w.yaml:1:1: error: \"a?b?c?d\"\n");
}
END_TEST

static Suite *errors_suite(void)
{
    Suite *suite = suite_create("config errors");
    TCase *tcase = tcase_create("errors");

    tcase_add_checked_fixture(tcase, prepare, clean_up);
    tcase_add_test(tcase, test_a_message_has_file_line_column_severity_and_text);
    tcase_add_test(tcase, test_a_message_has_no_column_or_no_place_where_they_are_not_known);
    tcase_add_test(tcase, test_messages_are_printed_in_the_order_of_the_file);
    tcase_add_test(tcase, test_beyond_twenty_the_rest_is_counted);
    tcase_add_test(tcase, test_the_first_twenty_of_the_file_are_kept_in_whatever_order_they_come);
    tcase_add_test(tcase, test_a_message_is_one_line_whatever_it_quotes);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(errors_suite());
}

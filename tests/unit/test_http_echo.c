/*
 * Requests as text.
 */
#include "protocol/http_echo.h"

#include "suite.h"

#include <stdlib.h>

static const struct {
    struct slice head;
    struct slice content;
    const char *text;
} rows[] = {
    {{"GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27}, {"", 0}, "GET / HTTP/1.1\nHost: a\n\n"},
    {{"A: \t\\\xE4\r\n\r\n", 10}, {"", 0}, "A: \t\\\\\\xe4\n\n"},
    {{"", 0}, {"a\0b\r\n\t\x7F\xFF", 8}, "a\\x00b\\x0d\n\t\\x7f\\xff"},
    {{"", 0}, {"~ !\x1F", 4}, "~ !\\x1f"},
};

START_TEST(test_a_request_is_written_as_printable_text)
{
    struct slice text = slice_of(rows[_i].text);
    size_t most = HTTP_ECHO_GROWTH * (rows[_i].head.length + rows[_i].content.length);
    char *target = malloc(most);

    ck_assert_ptr_nonnull(target);
    ck_assert_uint_eq(http_echo_write(target, rows[_i].head, rows[_i].content), text.length);
    ck_assert_mem_eq(target, text.data, text.length);
    free(target);
}
END_TEST

START_TEST(test_no_byte_grows_by_more_than_it_may)
{
    for (int value = 0; value < 256; value++) {
        char byte = (char)value;
        char target[HTTP_ECHO_GROWTH + 1];
        size_t length = http_echo_write(target, (struct slice){NULL, 0}, (struct slice){&byte, 1});

        ck_assert_uint_ge(length, 1);
        ck_assert_uint_le(length, HTTP_ECHO_GROWTH);
        for (size_t i = 0; i < length; i++) {
            ck_assert((target[i] >= ' ' && target[i] < 0x7F) || target[i] == '\n' ||
                      target[i] == '\t');
        }
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("echo of requests");
    TCase *tests = suite_case(suite, "echo");

    tcase_add_loop_test(tests, test_a_request_is_written_as_printable_text, 0,
                        sizeof rows / sizeof *rows);
    tcase_add_test(tests, test_no_byte_grows_by_more_than_it_may);
    return suite_run(suite);
}

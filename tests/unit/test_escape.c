/*
 * Tests of ctl/escape.c: what a terminal would obey or hide is told, all else is shown.
 */
#include "ctl/escape.h"

#include "suite.h"

#include <stdlib.h>

static char *printed;
static size_t printed_bytes;

static void print(struct slice text)
{
    FILE *stream;

    free(printed);
    stream = open_memstream(&printed, &printed_bytes);
    ck_assert_ptr_nonnull(stream);
    escape_print(stream, text);
    fclose(stream);
}

static void forget(void)
{
    free(printed);
    printed = NULL;
}

static const struct {
    const char *text;
    const char *printed;
    size_t columns;
} cases[] = {
    {"", "", 0},
    {"lobby", "lobby", 5},
    {"a b", "a b", 3},
    {"\\", "\\\\", 2},
    {"a\\x1b", "a\\\\x1b", 6},
    {"\x1b[31m", "\\x1b[31m", 8},
    {"one\ntwo\r\t", "one\\x0atwo\\x0d\\x09", 18},
    {"\x7f", "\\x7f", 4},
    {"\xc2\x80\xc2\x9f", "\\x80\\x9f", 8},
    {"\xc2\xa0", "\xc2\xa0", 1},
    {"Zürich", "Zürich", 6},
    {"部屋", "部屋", 4},
    {"e\u0301", "e\u0301", 1},
    {"😀", "😀", 2},
    {"\u202eevil\u202c", "\\u{202e}evil\\u{202c}", 20},
    {"\u200b\u2066\u2069\ufeff", "\\u{200b}\\u{2066}\\u{2069}\\u{feff}", 32},
    {"\U000e0041", "\\u{e0041}", 9},
    {"\xff", "\\xff", 4},
    {"a\xc3", "a\\xc3", 5},
    {"\xc0\xaf", "\\xc0\\xaf", 8},
    {"\xed\xa0\x80", "\\xed\\xa0\\x80", 12},
    {"\xe2\x82", "\\xe2\\x82", 8},
};

START_TEST(test_a_text_is_shown_as_it_is_but_for_what_would_be_obeyed)
{
    print(slice_of(cases[_i].text));
    ck_assert_str_eq(printed, cases[_i].printed);
    ck_assert_uint_eq(escape_columns(slice_of(printed)), cases[_i].columns);
}
END_TEST

START_TEST(test_a_zero_byte_is_told)
{
    print(SLICE("a\0b"));
    ck_assert_str_eq(printed, "a\\x00b");
}
END_TEST

START_TEST(test_no_byte_below_blank_gets_through)
{
    for (int byte = 0; byte < 256; byte++) {
        char text = (char)byte;

        print((struct slice){&text, 1});
        for (size_t i = 0; i < printed_bytes; i++) {
            ck_assert_int_ge(printed[i], ' ');
            ck_assert_int_ne(printed[i], 0x7f);
        }
    }
}
END_TEST

static const struct {
    const char *text;
    size_t columns;
    size_t bytes;
} fitting[] = {
    {"abc", 0, 0},  {"abc", 2, 2},  {"abc", 3, 3},      {"abc", 9, 3}, {"部屋", 1, 0},
    {"部屋", 2, 3}, {"部屋", 3, 3}, {"e\u0301x", 1, 3}, {"", 5, 0},
};

START_TEST(test_a_line_is_cut_between_characters)
{
    ck_assert_uint_eq(escape_fitting(slice_of(fitting[_i].text), fitting[_i].columns),
                      fitting[_i].bytes);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("escape");
    TCase *tests = suite_case(suite, "escape");

    escape_init();
    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_loop_test(tests, test_a_text_is_shown_as_it_is_but_for_what_would_be_obeyed, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tests, test_a_zero_byte_is_told);
    tcase_add_test(tests, test_no_byte_below_blank_gets_through);
    tcase_add_loop_test(tests, test_a_line_is_cut_between_characters, 0,
                        sizeof fitting / sizeof *fitting);
    return suite_run(suite);
}

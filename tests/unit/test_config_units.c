/*
 * Tests of config/units.c: numbers with units.
 */
#include "config/units.h"
#include "suite.h"

static const struct good_case {
    const struct unit_system *system;
    const char *text;
    uint64_t value;
    const char *written;
} good_cases[] = {
    {&units_none, "0", 0, "0"},
    {&units_none, "08", 8, "8"},
    {&units_none, "18446744073709551615", UINT64_MAX, "18446744073709551615"},
    {&units_none, "99999999999999999999999", UINT64_MAX, "18446744073709551615"},
    {&units_duration, "500ms", 500, "500ms"},
    {&units_duration, "0ms", 0, "0s"},
    {&units_duration, "10s", 10000, "10s"},
    {&units_duration, "60s", 60000, "1m"},
    {&units_duration, "90s", 90000, "90s"},
    {&units_duration, "5m", 300000, "5m"},
    {&units_duration, "1h", 3600000, "1h"},
    {&units_duration, "18446744073709551615h", UINT64_MAX, "18446744073709551615ms"},
    {&units_size, "512B", 512, "512B"},
    {&units_size, "0MiB", 0, "0B"},
    {&units_size, "64KiB", 65536, "64KiB"},
    {&units_size, "1MiB", 1048576, "1MiB"},
    {&units_size, "2GiB", 2147483648, "2GiB"},
    {&units_size, "1KB", 1000, "1KB"},
    {&units_size, "1MB", 1000000, "1MB"},
    {&units_size, "3GB", 3000000000, "3GB"},
    {&units_size, "128000B", 128000, "125KiB"},
};

static const struct bad_case {
    const struct unit_system *system;
    const char *text;
    const char *problem;
} bad_cases[] = {
    {&units_none, "", "\"\" is not a whole number, such as 100"},
    {&units_none, "x", "\"x\" is not a whole number, such as 100"},
    {&units_none, "-1", "\"-1\" is not a whole number, such as 100"},
    {&units_none, "+1", "\"+1\" is not a whole number, such as 100"},
    {&units_none, "1_000", "\"1_000\" is not a whole number, such as 100"},
    {&units_none, "0x10", "\"0x10\" is not a whole number, such as 100"},
    {&units_none, "1.5", "\"1.5\" is not a whole number, such as 100"},
    {&units_none, "10s", "\"10s\" is not a whole number, such as 100"},
    {&units_duration, "s", "\"s\" is not a duration, such as 10s"},
    {&units_duration, "10", "10 needs a unit (one of: ms, s, m, h), as in 10s"},
    {&units_duration, "0", "0 needs a unit (one of: ms, s, m, h), as in 10s"},
    {&units_duration, "10sec", "unknown unit \"sec\" (one of: ms, s, m, h)"},
    {&units_duration, "10 s", "unknown unit \" s\" (one of: ms, s, m, h)"},
    {&units_duration, "1.5s", "1.5s: whole numbers only, as in 1500ms"},
    {&units_size, "1.5MiB", "1.5MiB: whole numbers only, as in 1536KiB"},
    {&units_duration, "1h30m", "unknown unit \"h30m\" (one of: ms, s, m, h)"},
    {&units_size, "64", "64 needs a unit (one of: B, KB, KiB, MB, MiB, GB, GiB), as in 64KiB"},
    {&units_size, "64K", "unknown unit \"K\" (did you mean KiB?)"},
    {&units_size, "64kib", "unknown unit \"kib\" (did you mean KiB?)"},
};

START_TEST(test_a_number_is_read_and_written_in_its_largest_unit)
{
    const struct good_case *good = &good_cases[_i];
    char problem[UNITS_PROBLEM_BYTES];
    char text[UNITS_TEXT_BYTES];
    uint64_t value;

    ck_assert(units_parse(good->system, good->text, &value, problem));
    ck_assert_uint_eq(value, good->value);
    units_format(good->system, value, text);
    ck_assert_str_eq(text, good->written);
    ck_assert(units_parse(good->system, text, &value, problem));
    ck_assert_uint_eq(value, good->value);
}
END_TEST

START_TEST(test_what_is_no_number_is_explained)
{
    const struct bad_case *bad = &bad_cases[_i];
    char problem[UNITS_PROBLEM_BYTES];
    uint64_t value;

    ck_assert(!units_parse(bad->system, bad->text, &value, problem));
    ck_assert_str_eq(problem, bad->problem);
}
END_TEST

static Suite *units_suite(void)
{
    Suite *suite = suite_create("config units");
    TCase *tcase = tcase_create("units");

    tcase_add_loop_test(tcase, test_a_number_is_read_and_written_in_its_largest_unit, 0,
                        sizeof good_cases / sizeof *good_cases);
    tcase_add_loop_test(tcase, test_what_is_no_number_is_explained, 0,
                        sizeof bad_cases / sizeof *bad_cases);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(units_suite());
}

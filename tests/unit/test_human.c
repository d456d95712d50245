/*
 * Tests of ctl/human.c: each unit up to where the next one begins.
 */
#include "ctl/human.h"

#include "suite.h"

struct sample {
    double number;
    const char *text;
};

static char text[HUMAN_TEXT_BYTES];

static const struct sample bytes[] = {
    {0, "0B"},
    {1, "1B"},
    {1023, "1023B"},
    {1024, "1.0KiB"},
    {1536, "1.5KiB"},
    {102348, "99.9KiB"},
    {102400, "100KiB"},
    {1047552, "1023KiB"},
    {1048575, "1.0MiB"},
    {1048576, "1.0MiB"},
    {671088640, "640MiB"},
    {1e18, "888PiB"},
    {1.8e19, "15987PiB"},
};

START_TEST(test_bytes)
{
    human_bytes(bytes[_i].number, text);
    ck_assert_str_eq(text, bytes[_i].text);
}
END_TEST

static const struct sample counts[] = {
    {0, "0"},           {7, "7"},         {99999, "99999"},  {100000, "100k"},
    {999499, "999k"},   {999500, "1.0M"}, {1234567, "1.2M"}, {99949999, "99.9M"},
    {99950000, "100M"}, {1e12, "1.0T"},   {1e18, "1000P"},
};

START_TEST(test_counts)
{
    human_count(counts[_i].number, text);
    ck_assert_str_eq(text, counts[_i].text);
}
END_TEST

static const struct sample rates[] = {
    {0, "0.0"}, {0.04, "0.0"}, {0.5, "0.5"}, {9.94, "9.9"}, {9.96, "10"}, {250000, "250k"},
};

START_TEST(test_rates)
{
    human_rate(rates[_i].number, text);
    ck_assert_str_eq(text, rates[_i].text);
}
END_TEST

static const struct sample durations[] = {
    {-5, "0s"},
    {0, "0s"},
    {0.999, "0s"},
    {59.9, "59s"},
    {60, "1m00s"},
    {3599, "59m59s"},
    {3600, "1h00m"},
    {86399, "23h59m"},
    {86400, "1d00h"},
    {8640000, "100d00h"},
    {1e300, "11574074d01h"},
};

START_TEST(test_durations)
{
    human_duration(durations[_i].number, text);
    ck_assert_str_eq(text, durations[_i].text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("human");
    TCase *tests = suite_case(suite, "human");

    tcase_add_loop_test(tests, test_bytes, 0, sizeof bytes / sizeof *bytes);
    tcase_add_loop_test(tests, test_counts, 0, sizeof counts / sizeof *counts);
    tcase_add_loop_test(tests, test_rates, 0, sizeof rates / sizeof *rates);
    tcase_add_loop_test(tests, test_durations, 0, sizeof durations / sizeof *durations);
    return suite_run(suite);
}

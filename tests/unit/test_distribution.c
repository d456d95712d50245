/*
 * The histogram of bars.
 */
#include "bench/distribution.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static char *text;
static size_t length;

static const struct {
    double us;
    const char *text;
} times[] = {
    {0.5, "0.50 µs"},   {65.6, "65.6 µs"}, {999, "999 µs"},    {1000, "1.00 ms"},
    {6.1e3, "6.10 ms"}, {1e6, "1.00 s"},   {12.3e6, "12.3 s"},
};

START_TEST(test_a_time_has_three_digits_and_its_unit)
{
    FILE *stream = open_memstream(&text, &length);

    distribution_print_time(stream, times[_i].us);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_str_eq(text, times[_i].text);
    free(text);
}
END_TEST

/* Half in a microsecond, half in ten seconds. */
START_TEST(test_a_row_is_labelled_with_its_end_in_the_unit_that_fits)
{
    static struct histogram latency;
    FILE *stream = open_memstream(&text, &length);

    histogram_add(&latency, 900, 1);
    histogram_add(&latency, UINT64_C(9000000000), 1);
    distribution_print(stream, &latency);
    ck_assert_int_eq(fclose(stream), 0);
    ck_assert_ptr_nonnull(strstr(text, "    up to     1 µs   50.0 %"));
    ck_assert_ptr_nonnull(strstr(text, "    up to   500 ms    0.0 %"));
    ck_assert_ptr_nonnull(strstr(text, "    up to     1 s     0.0 %"));
    ck_assert_ptr_nonnull(strstr(text, "    up to    10 s    50.0 %"));
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("distribution");
    TCase *tests = suite_case(suite, "text");

    tcase_add_loop_test(tests, test_a_time_has_three_digits_and_its_unit, 0,
                        sizeof times / sizeof *times);
    tcase_add_test(tests, test_a_row_is_labelled_with_its_end_in_the_unit_that_fits);
    return suite_run(suite);
}

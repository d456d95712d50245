/*
 * Tests of admin/exposition.c: both formats, letter by letter.
 */
#include "admin/exposition.h"

#include "suite.h"

#include <stdlib.h>

static struct exposition exposition;
static char *text;
static size_t length;

static void begin(bool open_metrics)
{
    exposition = (struct exposition){.open_metrics = open_metrics};
    exposition.stream = open_memstream(&text, &length);
    ck_assert_ptr_nonnull(exposition.stream);
}

static void assert_written(const char *expected)
{
    ck_assert_int_eq(fclose(exposition.stream), 0);
    ck_assert_str_eq(text, expected);
    free(text);
}

START_TEST(test_a_counter_has_its_suffix_in_the_family_for_prometheus_only)
{
    static const char *const expected[] = {
        "# HELP a_total What it is.\n# TYPE a_total counter\na_total 1\n",
        "# HELP a What it is.\n# TYPE a counter\na_total 1\n# EOF\n",
    };

    begin(_i == 1);
    exposition_family(&exposition, METRIC_COUNTER, "a", "What it is.");
    exposition_number(&exposition, NULL, 1);
    exposition_end(&exposition);
    assert_written(expected[_i]);
}
END_TEST

START_TEST(test_a_gauge_has_no_suffix)
{
    begin(_i == 1);
    exposition_family(&exposition, METRIC_GAUGE, "a", "What it is.");
    exposition_number(&exposition, NULL, UINT64_MAX);
    exposition_seconds(&exposition, NULL, 1764193295.5);
    assert_written("# HELP a What it is.\n# TYPE a gauge\na 18446744073709551615\n"
                   "a 1764193295.500000\n");
}
END_TEST

START_TEST(test_labels_stand_in_their_order_and_are_escaped)
{
    static const struct label labels[] = {
        {"one", ""}, {"two", "a\"b\\c\nd"}, {"three", "grün {}="}, {NULL, NULL}};

    begin(false);
    exposition.name = "a";
    exposition_number(&exposition, labels, 0);
    exposition_number(&exposition, labels + 3, 0);
    assert_written("a{one=\"\",two=\"a\\\"b\\\\c\\nd\",three=\"grün {}=\"} 0\na 0\n");
}
END_TEST

static const struct duration_bounds bounds = {.count = 3, .us = {500, 1000, 2000000}};

START_TEST(test_a_histogram_adds_its_buckets_up)
{
    struct durations durations = {0};

    durations_add(&durations, &bounds, 500);
    durations_add(&durations, &bounds, 501);
    durations_add(&durations, &bounds, 1000);
    durations_add(&durations, &bounds, 3000000);
    begin(false);
    exposition_family(&exposition, METRIC_HISTOGRAM, "a_seconds", "What it is.");
    exposition_durations(&exposition, NULL, &durations, &bounds);
    assert_written("# HELP a_seconds What it is.\n# TYPE a_seconds histogram\n"
                   "a_seconds_bucket{le=\"0.0005\"} 1\na_seconds_bucket{le=\"0.001\"} 3\n"
                   "a_seconds_bucket{le=\"2.0\"} 3\na_seconds_bucket{le=\"+Inf\"} 4\n"
                   "a_seconds_sum 3.002001\na_seconds_count 4\n");
}
END_TEST

START_TEST(test_a_histogram_may_have_a_label)
{
    static const struct label label[] = {{"worker", "0"}, {NULL, NULL}};
    struct durations durations = {.counts = {1, 2, 3, 4}, .sum_us = 5};
    struct duration_bounds one = {.count = 1, .us = {50}};

    begin(false);
    exposition.name = "a";
    exposition_durations(&exposition, label, &durations, &one);
    assert_written("a_bucket{worker=\"0\",le=\"5e-05\"} 1\n"
                   "a_bucket{worker=\"0\",le=\"+Inf\"} 3\n"
                   "a_sum{worker=\"0\"} 0.000005\na_count{worker=\"0\"} 3\n");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("exposition");
    TCase *tests = suite_case(suite, "formats");

    tcase_add_loop_test(tests, test_a_counter_has_its_suffix_in_the_family_for_prometheus_only, 0,
                        2);
    tcase_add_loop_test(tests, test_a_gauge_has_no_suffix, 0, 2);
    tcase_add_test(tests, test_labels_stand_in_their_order_and_are_escaped);
    tcase_add_test(tests, test_a_histogram_adds_its_buckets_up);
    tcase_add_test(tests, test_a_histogram_may_have_a_label);
    return suite_run(suite);
}

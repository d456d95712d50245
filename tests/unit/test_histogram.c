/*
 * The histogram of latencies.
 */
#include "bench/histogram.h"

#include "suite.h"

#include <stdlib.h>

static struct histogram histogram;
static struct histogram other;

static void empty(void)
{
    histogram_reset(&histogram);
    histogram_reset(&other);
}

START_TEST(test_a_bucket_is_at_most_one_per_cent_wide)
{
    for (uint64_t value = 1; value >> HISTOGRAM_VALUE_BITS == 0; value += value / 300 + 1) {
        size_t bucket = histogram_bucket(value);
        uint64_t middle = histogram_middle(bucket);
        uint64_t off = middle > value ? middle - value : value - middle;

        ck_assert_uint_lt(bucket, HISTOGRAM_BUCKETS);
        ck_assert_uint_le(histogram_floor(bucket), value);
        ck_assert_uint_gt(histogram_floor(bucket + 1), value);
        ck_assert_msg((double)off <= (double)value * 0.005, "%ju in the bucket of %ju",
                      (uintmax_t)value, (uintmax_t)middle);
    }
}
END_TEST

START_TEST(test_buckets_follow_each_other_without_a_gap)
{
    for (size_t bucket = 0; bucket < HISTOGRAM_BUCKETS; bucket++) {
        ck_assert_uint_eq(histogram_bucket(histogram_floor(bucket)), bucket);
        if (bucket > 0) {
            ck_assert_uint_eq(histogram_bucket(histogram_floor(bucket) - 1), bucket - 1);
        }
    }
}
END_TEST

START_TEST(test_a_value_beyond_the_range_is_in_the_last_bucket)
{
    ck_assert_uint_eq(histogram_bucket(UINT64_MAX), HISTOGRAM_BUCKETS - 1);
    histogram_add(&histogram, UINT64_MAX / 2, 1);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), UINT64_MAX / 2);
}
END_TEST

static void check_near(double percent, double expected)
{
    double value = (double)histogram_percentile(&histogram, percent);

    ck_assert_msg(value >= expected * 0.99 && value <= expected * 1.01, "p%g is %g, not %g",
                  percent, value, expected);
}

START_TEST(test_percentiles_are_the_values_at_these_ranks)
{
    for (uint64_t i = 1; i <= 100000; i++) {
        histogram_add(&histogram, i * 1000, 1);
    }
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 1000);
    ck_assert_uint_eq(histogram_percentile(&histogram, 100), 100000000);
    check_near(50, 5e7);
    check_near(90, 9e7);
    check_near(99, 9.9e7);
    check_near(99.9, 9.99e7);
    ck_assert_double_eq_tol(histogram_mean(&histogram), 50000500, 1);
}
END_TEST

START_TEST(test_a_few_values_are_told_exactly)
{
    ck_assert_uint_eq(histogram_percentile(&histogram, 99), 0);
    histogram_add(&histogram, 1234567, 1);
    for (int percent = 0; percent <= 100; percent += 10) {
        ck_assert_uint_eq(histogram_percentile(&histogram, percent), 1234567);
    }
    histogram_add(&histogram, 0, 9);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 0);
    ck_assert_uint_eq(histogram_percentile(&histogram, 90), 0);
    ck_assert_uint_eq(histogram_percentile(&histogram, 90.1), 1234567);
}
END_TEST

START_TEST(test_merging_is_as_if_all_had_been_added_to_one)
{
    uint64_t values[] = {5, 80000, 3000000, 77};

    for (size_t i = 0; i < 4; i++) {
        histogram_add(i % 2 == 0 ? &histogram : &other, values[i], i + 1);
    }
    histogram_merge(&histogram, &other);
    ck_assert_uint_eq(histogram.total, 10);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 5);
    ck_assert_uint_eq(histogram_percentile(&histogram, 10), 5);
    ck_assert_uint_eq(histogram_percentile(&histogram, 50), 77);
    check_near(70, 80000);
    check_near(100, 3000000);
    ck_assert_double_eq_tol(histogram_mean(&histogram), (5 + 160000 + 9000000 + 308) / 10.0, 0.1);
}
END_TEST

START_TEST(test_merging_with_nothing_changes_nothing)
{
    histogram_add(&histogram, 40, 1);
    histogram_merge(&histogram, &other);
    histogram_merge(&other, &histogram);
    ck_assert_uint_eq(histogram_percentile(&histogram, 0), 40);
    ck_assert_uint_eq(histogram_percentile(&other, 0), 40);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("histogram");
    TCase *tests = suite_case(suite, "histogram");

    tcase_add_checked_fixture(tests, empty, NULL);
    tcase_add_test(tests, test_a_bucket_is_at_most_one_per_cent_wide);
    tcase_add_test(tests, test_buckets_follow_each_other_without_a_gap);
    tcase_add_test(tests, test_a_value_beyond_the_range_is_in_the_last_bucket);
    tcase_add_test(tests, test_percentiles_are_the_values_at_these_ranks);
    tcase_add_test(tests, test_a_few_values_are_told_exactly);
    tcase_add_test(tests, test_merging_is_as_if_all_had_been_added_to_one);
    tcase_add_test(tests, test_merging_with_nothing_changes_nothing);
    return suite_run(suite);
}

/*
 * Tests of net/tally.c: bounds of durations, classes of close codes.
 */
#include "net/tally.h"

#include "suite.h"

#include <stddef.h>

static const struct duration_bounds *const all_bounds[] = {&turn_bounds, &round_trip_bounds};

START_TEST(test_bounds_rise_and_fit)
{
    const struct duration_bounds *bounds = all_bounds[_i];

    ck_assert_uint_gt(bounds->count, 0);
    ck_assert_uint_le(bounds->count, DURATION_BUCKETS_MAX);
    for (size_t i = 1; i < bounds->count; i++) {
        ck_assert_uint_gt(bounds->us[i], bounds->us[i - 1]);
    }
}
END_TEST

START_TEST(test_a_bound_belongs_to_its_bucket)
{
    const struct duration_bounds *bounds = all_bounds[_i];

    for (size_t i = 0; i < bounds->count; i++) {
        for (int beside = -1; beside <= 1; beside++) {
            uint64_t duration_us = (uint64_t)((int64_t)bounds->us[i] + beside);
            struct durations durations = {0};

            durations_add(&durations, bounds, duration_us);
            ck_assert_uint_eq(durations.counts[beside == 1 ? i + 1 : i], 1);
            ck_assert_uint_eq(durations.sum_us, duration_us);
        }
    }
}
END_TEST

START_TEST(test_the_shortest_and_the_longest_have_a_bucket)
{
    struct durations durations = {0};

    durations_add(&durations, all_bounds[_i], 0);
    durations_add(&durations, all_bounds[_i], UINT64_MAX);
    ck_assert_uint_eq(durations.counts[0], 1);
    ck_assert_uint_eq(durations.counts[all_bounds[_i]->count], 1);
}
END_TEST

static const struct {
    uint16_t code;
    const char *name;
} codes[] = {
    {0, "1006"},    {1, "1006"},    {999, "1006"},  {1000, "1000"}, {1001, "1001"},  {1006, "1006"},
    {1008, "1008"}, {1012, "1012"}, {1015, "1015"}, {1016, "1006"}, {2999, "1006"},  {3000, "3xxx"},
    {3999, "3xxx"}, {4000, "4xxx"}, {4999, "4xxx"}, {5000, "4xxx"}, {65535, "4xxx"},
};

START_TEST(test_codes_have_classes)
{
    ck_assert_uint_lt(close_class(codes[_i].code), CLOSE_CLASSES);
    ck_assert_str_eq(close_class_names[close_class(codes[_i].code)], codes[_i].name);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("tally");
    TCase *tests = suite_case(suite, "counting");
    const int bounds = sizeof all_bounds / sizeof *all_bounds;

    tcase_add_loop_test(tests, test_bounds_rise_and_fit, 0, bounds);
    tcase_add_loop_test(tests, test_a_bound_belongs_to_its_bucket, 0, bounds);
    tcase_add_loop_test(tests, test_the_shortest_and_the_longest_have_a_bucket, 0, bounds);
    tcase_add_loop_test(tests, test_codes_have_classes, 0, sizeof codes / sizeof *codes);
    return suite_run(suite);
}

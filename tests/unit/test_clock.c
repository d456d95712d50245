/*
 * The clock.
 */
#include "base/clock.h"

#include "suite.h"

#include <time.h>

START_TEST(test_the_clock_is_the_monotonic_one_in_milliseconds)
{
    struct timespec before;
    struct timespec after;
    int64_t now_ms;

    clock_gettime(CLOCK_MONOTONIC, &before);
    now_ms = clock_monotonic_ms();
    clock_gettime(CLOCK_MONOTONIC, &after);
    ck_assert_int_ge(now_ms, before.tv_sec * 1000 + before.tv_nsec / 1000000);
    ck_assert_int_le(now_ms, after.tv_sec * 1000 + after.tv_nsec / 1000000);
}
END_TEST

static Suite *clock_suite(void)
{
    Suite *suite = suite_create("clock");
    TCase *monotonic = tcase_create("monotonic");

    tcase_add_test(monotonic, test_the_clock_is_the_monotonic_one_in_milliseconds);
    suite_add_tcase(suite, monotonic);
    return suite;
}

int main(void)
{
    return suite_run(clock_suite());
}

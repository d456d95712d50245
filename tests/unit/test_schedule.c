/*
 * When the operations of an open loop are due.
 */
#include "bench/schedule.h"

#include "suite.h"

enum { START_NS = 1000 };

START_TEST(test_operations_are_due_at_the_interval_and_not_before)
{
    struct schedule schedule = {.start_ns = START_NS, .interval_ns = 10, .shares = 1};
    uint64_t due_ns;

    ck_assert(schedule_take(&schedule, START_NS, &due_ns));
    ck_assert_uint_eq(due_ns, START_NS);
    ck_assert(!schedule_take(&schedule, START_NS + 9, &due_ns));
    ck_assert(schedule_take(&schedule, START_NS + 10, &due_ns));
    ck_assert_uint_eq(due_ns, START_NS + 10);
    ck_assert_uint_eq(schedule.taken, 2);
}
END_TEST

START_TEST(test_what_was_late_is_due_since_its_own_moment)
{
    struct schedule schedule = {.start_ns = START_NS, .interval_ns = 10, .shares = 1};
    uint64_t due_ns;

    for (uint64_t i = 0; i <= 100; i++) {
        ck_assert(schedule_take(&schedule, START_NS + 1000, &due_ns));
        ck_assert_uint_eq(due_ns, START_NS + 10 * i);
    }
    ck_assert(!schedule_take(&schedule, START_NS + 1000, &due_ns));
}
END_TEST

START_TEST(test_shares_take_turns)
{
    for (uint64_t share = 0; share < 3; share++) {
        struct schedule schedule = {
            .start_ns = START_NS, .interval_ns = 10, .shares = 3, .share = share};

        for (uint64_t i = 0; i < 5; i++) {
            ck_assert_uint_eq(schedule_due_ns(&schedule, i), START_NS + 10 * (3 * i + share));
        }
    }
}
END_TEST

START_TEST(test_what_is_overdue_can_be_taken)
{
    for (uint64_t share = 0; share < 3; share++) {
        for (uint64_t now_ns = START_NS; now_ns < START_NS + 200; now_ns++) {
            struct schedule schedule = {
                .start_ns = START_NS, .interval_ns = 10, .shares = 3, .share = share, .taken = 2};
            uint64_t overdue = schedule_overdue(&schedule, now_ns);
            uint64_t due_ns;

            while (schedule_take(&schedule, now_ns, &due_ns)) {}
            ck_assert_uint_eq(overdue, schedule.taken - 2);
        }
    }
}
END_TEST

START_TEST(test_intervals_of_fractions_do_not_add_up_to_an_error)
{
    struct schedule schedule = {.interval_ns = 1e9 / 3e6, .shares = 1};

    ck_assert_uint_eq(schedule_due_ns(&schedule, 3000000), 1000000000);
    ck_assert_uint_eq(schedule_due_ns(&schedule, UINT64_C(3000000) * 3600), 3600000000000);
}
END_TEST

START_TEST(test_without_a_rate_nothing_is_due)
{
    struct schedule schedule = {.shares = 1};
    uint64_t due_ns;

    ck_assert(!schedule_take(&schedule, START_NS, &due_ns));
    ck_assert_uint_eq(schedule.taken, 0);
    ck_assert_uint_eq(schedule_overdue(&schedule, START_NS), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("schedule");
    TCase *tests = suite_case(suite, "schedule");

    tcase_add_test(tests, test_operations_are_due_at_the_interval_and_not_before);
    tcase_add_test(tests, test_what_was_late_is_due_since_its_own_moment);
    tcase_add_test(tests, test_shares_take_turns);
    tcase_add_test(tests, test_what_is_overdue_can_be_taken);
    tcase_add_test(tests, test_intervals_of_fractions_do_not_add_up_to_an_error);
    tcase_add_test(tests, test_without_a_rate_nothing_is_due);
    return suite_run(suite);
}

/*
 * The timing wheel.
 */
#include "base/wheel.h"

#include "suite.h"

#include <stdlib.h>

enum { START_MS = 1000003, HORIZON_MS = (WHEEL_SLOTS - 1) * WHEEL_TICK_MS, TIMERS = 500 };

struct timer {
    struct wheel_entry entry;
    int64_t deadline_ms; /* -1: not set */
    unsigned fired;
};

static struct wheel wheel;
static struct timer timers[TIMERS];
static int64_t now_ms;
static unsigned fired_total;
static struct timer *fired_last;

static void prepare(void)
{
    now_ms = START_MS;
    fired_total = 0;
    fired_last = NULL;
    wheel_init(&wheel, now_ms);
    for (size_t i = 0; i < TIMERS; i++) {
        wheel_entry_init(&timers[i].entry);
        timers[i].deadline_ms = -1;
        timers[i].fired = 0;
    }
}

static struct timer *timer_of(struct wheel_entry *entry)
{
    return container_of(entry, struct timer, entry);
}

static void note(struct wheel_entry *entry, void *argument)
{
    (void)argument;
    fired_last = timer_of(entry);
    fired_last->fired++;
    fired_last->deadline_ms = -1;
    fired_total++;
}

static void advance_to(int64_t ms)
{
    now_ms = ms;
    wheel_advance(&wheel, now_ms, note, NULL);
}

static const int64_t delays_ms[] = {1, 2, 15, 16, 17, 100, 1024, 60000, HORIZON_MS - 16};

START_TEST(test_a_deadline_fires_once_never_early_and_at_most_a_tick_late)
{
    int64_t deadline_ms = START_MS + delays_ms[_i];

    wheel_set(&wheel, &timers[0].entry, deadline_ms);
    while (fired_total == 0) {
        ck_assert_int_lt(now_ms, deadline_ms + WHEEL_TICK_MS);
        advance_to(now_ms + 1);
    }
    ck_assert_int_ge(now_ms, deadline_ms);
    advance_to(now_ms + 2 * HORIZON_MS);
    ck_assert_uint_eq(fired_total, 1);
}
END_TEST

START_TEST(test_next_says_when_there_will_be_work)
{
    int64_t next_ms;

    ck_assert_int_eq(wheel_next_ms(&wheel), -1);
    wheel_set(&wheel, &timers[0].entry, START_MS + delays_ms[_i]);
    next_ms = wheel_next_ms(&wheel);
    ck_assert_int_ge(next_ms, START_MS + delays_ms[_i]);
    advance_to(next_ms - 1);
    ck_assert_uint_eq(fired_total, 0);
    ck_assert_int_eq(wheel_next_ms(&wheel), next_ms);
    advance_to(next_ms);
    ck_assert_uint_eq(fired_total, 1);
    ck_assert_int_eq(wheel_next_ms(&wheel), -1);
}
END_TEST

static const int64_t past_ms[] = {
    START_MS - START_MS % WHEEL_TICK_MS, START_MS - WHEEL_TICK_MS, START_MS - 1000000, 0, INT64_MIN,
};

START_TEST(test_a_deadline_before_the_present_tick_fires_at_the_next_advance)
{
    wheel_set(&wheel, &timers[0].entry, past_ms[_i]);
    ck_assert_int_le(wheel_next_ms(&wheel), now_ms);
    advance_to(now_ms);
    ck_assert_uint_eq(fired_total, 1);
}
END_TEST

static const int64_t far_ms[] = {START_MS + 10 * (int64_t)HORIZON_MS, INT64_MAX};

START_TEST(test_a_deadline_beyond_the_horizon_fires_at_the_horizon)
{
    wheel_set(&wheel, &timers[0].entry, far_ms[_i]);
    advance_to(START_MS + HORIZON_MS - WHEEL_TICK_MS);
    ck_assert_uint_eq(fired_total, 0);
    advance_to(START_MS + HORIZON_MS);
    ck_assert_uint_eq(fired_total, 1);
}
END_TEST

START_TEST(test_a_cancelled_deadline_does_not_fire)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 100);
    wheel_set(&wheel, &timers[1].entry, START_MS + 100);
    wheel_cancel(&wheel, &timers[0].entry);
    wheel_cancel(&wheel, &timers[0].entry);
    ck_assert_int_ne(wheel_next_ms(&wheel), -1);
    wheel_cancel(&wheel, &timers[1].entry);
    ck_assert_int_eq(wheel_next_ms(&wheel), -1);
    advance_to(START_MS + 1000);
    ck_assert_uint_eq(fired_total, 0);
}
END_TEST

START_TEST(test_a_deadline_set_again_is_moved)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 5000);
    wheel_set(&wheel, &timers[0].entry, START_MS + 100);
    advance_to(START_MS + 200);
    ck_assert_uint_eq(fired_total, 1);
    wheel_set(&wheel, &timers[0].entry, START_MS + 1000);
    wheel_set(&wheel, &timers[0].entry, START_MS + 2000);
    advance_to(START_MS + 1500);
    ck_assert_uint_eq(fired_total, 1);
    advance_to(START_MS + 5500);
    ck_assert_uint_eq(fired_total, 2);
}
END_TEST

START_TEST(test_deadlines_fire_in_their_order_after_a_long_wait)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 60000);
    wheel_set(&wheel, &timers[1].entry, START_MS + 20);
    advance_to(START_MS + 1000 * (int64_t)HORIZON_MS);
    ck_assert_uint_eq(fired_total, 2);
    ck_assert_ptr_eq(fired_last, &timers[0]);
}
END_TEST

/* Fires once and then does what the test says to the others. */
static void cancel_second(struct wheel_entry *entry, void *argument)
{
    note(entry, argument);
    wheel_cancel(&wheel, &timers[entry == &timers[0].entry ? 1 : 0].entry);
}

START_TEST(test_a_due_deadline_cancelled_by_another_does_not_fire)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 100 + 1000 * _i);
    wheel_set(&wheel, &timers[1].entry, START_MS + 100);
    wheel_advance(&wheel, START_MS + 5000, cancel_second, NULL);
    ck_assert_uint_eq(fired_total, 1);
    advance_to(START_MS + 10000);
    ck_assert_uint_eq(fired_total, 1);
}
END_TEST

static void postpone_second(struct wheel_entry *entry, void *argument)
{
    note(entry, argument);
    wheel_set(&wheel, &timers[1].entry, START_MS + 8000);
}

START_TEST(test_a_due_deadline_moved_by_another_fires_at_its_new_time)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 100);
    wheel_set(&wheel, &timers[1].entry, START_MS + 100);
    wheel_advance(&wheel, START_MS + 5000, postpone_second, NULL);
    ck_assert_uint_eq(fired_total, 1);
    advance_to(START_MS + 7999);
    ck_assert_uint_eq(fired_total, 1);
    advance_to(START_MS + 8016);
    ck_assert_uint_eq(fired_total, 2);
}
END_TEST

static void set_again_at_once(struct wheel_entry *entry, void *argument)
{
    note(entry, argument);
    wheel_set(&wheel, entry, START_MS);
}

START_TEST(test_a_deadline_that_sets_itself_in_the_past_fires_once_an_advance)
{
    wheel_set(&wheel, &timers[0].entry, START_MS + 100);
    for (unsigned i = 1; i <= 3; i++) {
        wheel_advance(&wheel, START_MS + 5000, set_again_at_once, NULL);
        ck_assert_uint_eq(fired_total, i);
    }
}
END_TEST

/* The earliest deadline that is set, or -1. */
static int64_t earliest_deadline_ms(void)
{
    int64_t earliest_ms = -1;

    for (size_t i = 0; i < TIMERS; i++) {
        int64_t deadline_ms = timers[i].deadline_ms;

        if (deadline_ms >= 0 && (earliest_ms < 0 || deadline_ms < earliest_ms)) {
            earliest_ms = deadline_ms;
        }
    }
    return earliest_ms;
}

/* Checks after an advance to now_ms that nothing due is left, and when the next will be due. */
static void check_all(void)
{
    int64_t earliest_ms = earliest_deadline_ms();

    if (earliest_ms < 0) {
        ck_assert_int_eq(wheel_next_ms(&wheel), -1);
    } else {
        ck_assert_int_gt(earliest_ms, now_ms - WHEEL_TICK_MS);
        ck_assert_int_ge(wheel_next_ms(&wheel), earliest_ms);
        ck_assert_int_lt(wheel_next_ms(&wheel), earliest_ms + WHEEL_TICK_MS);
    }
}

static void check_not_early(struct wheel_entry *entry, void *argument)
{
    ck_assert_int_ge(timer_of(entry)->deadline_ms, 0);
    ck_assert_int_le(timer_of(entry)->deadline_ms, now_ms);
    note(entry, argument);
}

START_TEST(test_any_mixture_of_setting_cancelling_and_advancing_keeps_every_deadline)
{
    srandom(1);
    for (unsigned step = 0; step < 20000; step++) {
        struct timer *timer = &timers[(size_t)random() % TIMERS];

        if (random() % 4 == 0) {
            wheel_cancel(&wheel, &timer->entry);
            timer->deadline_ms = -1;
        } else {
            timer->deadline_ms = now_ms + random() % (HORIZON_MS - WHEEL_TICK_MS);
            wheel_set(&wheel, &timer->entry, timer->deadline_ms);
        }
        if (random() % 8 == 0) {
            now_ms += random() % 3000;
            wheel_advance(&wheel, now_ms, check_not_early, NULL);
            check_all();
        }
    }
    ck_assert_uint_gt(fired_total, 1000);
}
END_TEST

static Suite *wheel_suite(void)
{
    Suite *suite = suite_create("wheel");
    TCase *times = tcase_create("times");
    TCase *changes = tcase_create("changes");

    tcase_add_checked_fixture(times, prepare, NULL);
    tcase_add_loop_test(times, test_a_deadline_fires_once_never_early_and_at_most_a_tick_late, 0,
                        sizeof delays_ms / sizeof *delays_ms);
    tcase_add_loop_test(times, test_next_says_when_there_will_be_work, 0,
                        sizeof delays_ms / sizeof *delays_ms);
    tcase_add_loop_test(times, test_a_deadline_before_the_present_tick_fires_at_the_next_advance, 0,
                        sizeof past_ms / sizeof *past_ms);
    tcase_add_loop_test(times, test_a_deadline_beyond_the_horizon_fires_at_the_horizon, 0,
                        sizeof far_ms / sizeof *far_ms);
    tcase_add_test(times, test_deadlines_fire_in_their_order_after_a_long_wait);
    suite_add_tcase(suite, times);
    tcase_add_checked_fixture(changes, prepare, NULL);
    tcase_set_timeout(changes, 60);
    tcase_add_test(changes, test_a_cancelled_deadline_does_not_fire);
    tcase_add_test(changes, test_a_deadline_set_again_is_moved);
    tcase_add_loop_test(changes, test_a_due_deadline_cancelled_by_another_does_not_fire, 0, 2);
    tcase_add_test(changes, test_a_due_deadline_moved_by_another_fires_at_its_new_time);
    tcase_add_test(changes, test_a_deadline_that_sets_itself_in_the_past_fires_once_an_advance);
    tcase_add_test(changes,
                   test_any_mixture_of_setting_cancelling_and_advancing_keeps_every_deadline);
    suite_add_tcase(suite, changes);
    return suite;
}

int main(void)
{
    return suite_run(wheel_suite());
}

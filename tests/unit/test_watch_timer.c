/*
 * Timers of a thread.
 */
#include "net/watch_timer.h"

#include "base/clock.h"
#include "suite.h"

#include <fcntl.h>
#include <poll.h>
#include <sys/resource.h>

static struct watch_set set;
static struct watch_timer timer;
static unsigned calls;

static void count_call(void *argument)
{
    ck_assert_ptr_eq(argument, &calls);
    calls++;
}

static void prepare(void)
{
    calls = 0;
    ck_assert(watch_set_init(&set, NULL));
    ck_assert(watch_timer_init(&timer, &set, count_call, &calls));
}

static void clean_up(void)
{
    watch_timer_close(&timer);
    watch_set_free(&set);
}

static void wait_for_call(void)
{
    unsigned before = calls;

    while (calls == before) {
        ck_assert_int_ge(watch_poll(&set, true), 0);
    }
}

/* Starts the timer and returns how long it took until it called (ms). */
static int64_t time_call(int64_t delay_ms)
{
    int64_t begin_ms = clock_monotonic_ms();

    watch_timer_start(&timer, delay_ms);
    wait_for_call();
    return clock_monotonic_ms() - begin_ms;
}

START_TEST(test_a_timer_calls_once_and_not_early)
{
    ck_assert_int_eq(watch_poll(&set, false), 0);
    ck_assert_int_ge(time_call(20), 20);
    ck_assert_int_eq(watch_poll(&set, false), 0);
    ck_assert_uint_eq(calls, 1);
}
END_TEST

/* Beyond a second, so that both parts of the time count. */
START_TEST(test_a_timer_takes_seconds_and_their_parts)
{
    ck_assert_int_ge(time_call(1010), 1010);
}
END_TEST

START_TEST(test_no_delay_is_at_once_and_not_never)
{
    (void)time_call(0);
    (void)time_call(0);
    ck_assert_uint_eq(calls, 2);
}
END_TEST

START_TEST(test_a_timer_started_again_runs_to_the_new_time_only)
{
    watch_timer_start(&timer, 1);
    ck_assert_int_ge(time_call(30), 30);
    watch_timer_start(&timer, 60000);
    (void)time_call(1);
    ck_assert_uint_eq(calls, 2);
}
END_TEST

START_TEST(test_a_timer_that_has_expired_unseen_is_taken_back_by_another_start)
{
    struct pollfd expired = {.fd = timer.watch.watch.fd, .events = POLLIN};

    watch_timer_start(&timer, 0);
    ck_assert_int_eq(poll(&expired, 1, -1), 1);
    watch_timer_start(&timer, 60000);
    ck_assert_int_eq(watch_poll(&set, false), 0);
    ck_assert_uint_eq(calls, 0);
}
END_TEST

START_TEST(test_a_timer_is_closed_on_exec)
{
    ck_assert_int_ne(fcntl(timer.watch.watch.fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(test_a_timer_without_a_descriptor_is_told)
{
    struct watch_timer other;
    struct rlimit limit;

    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(!watch_timer_init(&other, &set, count_call, &calls));
    watch_timer_close(&other);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch_timer");
    TCase *tests = suite_case(suite, "timers");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_a_timer_calls_once_and_not_early);
    tcase_add_test(tests, test_a_timer_takes_seconds_and_their_parts);
    tcase_add_test(tests, test_no_delay_is_at_once_and_not_never);
    tcase_add_test(tests, test_a_timer_started_again_runs_to_the_new_time_only);
    tcase_add_test(tests, test_a_timer_that_has_expired_unseen_is_taken_back_by_another_start);
    tcase_add_test(tests, test_a_timer_is_closed_on_exec);
    tcase_add_test(tests, test_a_timer_without_a_descriptor_is_told);
    return suite_run(suite);
}

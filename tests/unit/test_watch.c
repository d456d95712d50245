/*
 * Readiness: what is reported of a descriptor, and what no longer is.
 */
#include "net/watch.h"

#include "suite.h"

#include <fcntl.h>
#include <signal.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <unistd.h>

enum { PAIRS = 3 };

static struct watch_set set;
static struct watch watches[PAIRS];
static int peers[PAIRS];
static unsigned reported[PAIRS]; /* the last that was */
static unsigned reports;
static struct watch *stopped_by_the_next; /* or NULL */

static void take(struct watch *watch, unsigned what)
{
    reported[watch - watches] = what;
    reports++;
    if (stopped_by_the_next != NULL) {
        watch_stop(stopped_by_the_next == watch ? watches : stopped_by_the_next);
    }
}

static void prepare(void)
{
    ck_assert(watch_set_init(&set, take));
    for (int i = 0; i < PAIRS; i++) {
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        peers[i] = pair[1];
        ck_assert(watch_start(&set, &watches[i], pair[0]));
        reported[i] = 0;
    }
    reports = 0;
    stopped_by_the_next = NULL;
}

static void clean_up(void)
{
    for (int i = 0; i < PAIRS; i++) {
        watch_stop(&watches[i]);
        close(watches[i].fd);
        close(peers[i]);
    }
    watch_set_free(&set);
}

static void turn(void)
{
    reports = 0;
    ck_assert_int_ge(watch_poll(&set, false), 0);
}

static void speak(int at)
{
    ck_assert_int_eq(write(peers[at], "x", 1), 1);
}

START_TEST(test_what_is_ready_is_reported_every_turn_until_it_is_taken)
{
    char byte;

    turn();
    ck_assert_uint_eq(reports, 0);
    speak(1);
    for (int i = 0; i < 2; i++) {
        turn();
        ck_assert_uint_eq(reports, 1);
        ck_assert_uint_eq(reported[1], WATCH_READ);
    }
    ck_assert_int_eq(read(watches[1].fd, &byte, 1), 1);
    turn();
    ck_assert_uint_eq(reports, 0);
}
END_TEST

START_TEST(test_a_poll_says_how_many_are_ready)
{
    ck_assert_int_eq(watch_poll(&set, false), 0);
    speak(0);
    speak(2);
    ck_assert_int_eq(watch_poll(&set, false), 2);
    ck_assert_uint_eq(reports, 2);
    ck_assert_uint_eq(reported[0] & reported[2], WATCH_READ);
}
END_TEST

START_TEST(test_only_what_is_wanted_is_reported)
{
    speak(0);
    ck_assert(watch_want(&set, &watches[0], WATCH_WRITE));
    turn();
    ck_assert_uint_eq(reported[0], WATCH_WRITE);
    ck_assert(watch_want(&set, &watches[0], WATCH_READ | WATCH_WRITE));
    turn();
    ck_assert_uint_eq(reported[0], WATCH_READ | WATCH_WRITE);
    ck_assert(watch_want(&set, &watches[0], 0));
    turn();
    ck_assert_uint_eq(reports, 0);
    ck_assert(watch_want(&set, &watches[0], WATCH_READ));
    turn();
    ck_assert_uint_eq(reported[0], WATCH_READ);
}
END_TEST

/* The kernel reports it of everything in a set, whatever was asked for. */
START_TEST(test_the_end_of_a_peer_does_not_wake_who_waits_for_nothing)
{
    ck_assert(watch_want(&set, &watches[0], 0));
    close(peers[0]);
    close(peers[1]);
    peers[0] = peers[1] = -1;
    turn();
    ck_assert_uint_eq(reports, 1);
    ck_assert_uint_eq(reported[1], WATCH_READ);
}
END_TEST

START_TEST(test_a_stopped_watch_is_not_reported_though_it_was_found)
{
    speak(0);
    speak(1);
    stopped_by_the_next = &watches[1];
    turn();
    ck_assert_uint_eq(reports, 1);
    turn();
    ck_assert_uint_eq(reports, 1);
    watch_stop(&watches[1]); /* once more does nothing */
}
END_TEST

START_TEST(test_what_is_stopped_leaves_the_set_when_it_is_closed)
{
    speak(1);
    watch_stop(&watches[1]);
    ck_assert_int_eq(watch_poll(&set, false), 1);
    ck_assert_int_eq(close(watches[1].fd), 0);
    watches[1].fd = -1;
    ck_assert_int_eq(watch_poll(&set, false), 0);
    ck_assert_uint_eq(reports, 0);
}
END_TEST

static void count_report(void *argument)
{
    ck_assert_ptr_eq(argument, &reports);
    reports++;
}

START_TEST(test_a_single_watch_is_reported_to_its_own_callback)
{
    struct single_watch single;

    single_watch_init(&single, dup(watches[0].fd), count_report, &reports);
    speak(0);
    ck_assert(watch_want(&set, &watches[0], 0));
    turn();
    ck_assert_uint_eq(reports, 0);
    ck_assert(watch_want(&set, &single.watch, WATCH_READ));
    turn();
    ck_assert_uint_eq(reports, 1);
    ck_assert(watch_want(&set, &single.watch, 0));
    turn();
    ck_assert_uint_eq(reports, 0);
    close(single.watch.fd);
}
END_TEST

static void note_alarm(int number)
{
    (void)number;
}

/* As after a SIGSTOP and SIGCONT of the process. */
START_TEST(test_a_signal_during_the_wait_is_no_failure)
{
    const struct sigaction action = {.sa_handler = note_alarm};
    const struct itimerval repeated = {.it_interval.tv_usec = 1000, .it_value.tv_usec = 1000};

    ck_assert_int_eq(sigaction(SIGALRM, &action, NULL), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &repeated, NULL), 0);
    ck_assert_int_eq(watch_poll(&set, true), 0);
    ck_assert_int_eq(setitimer(ITIMER_REAL, &(struct itimerval){0}, NULL), 0);
}
END_TEST

START_TEST(test_what_the_kernel_refuses_to_watch_can_be_tried_again)
{
    struct single_watch single;

    single_watch_init(&single, -1, count_report, &reports);
    ck_assert(!watch_want(&set, &single.watch, WATCH_READ));
    single.watch.fd = watches[0].fd;
    ck_assert(watch_want(&set, &watches[0], 0));
    ck_assert(watch_want(&set, &single.watch, WATCH_READ));
    speak(0);
    turn();
    ck_assert_uint_eq(reports, 1);
    watch_stop(&single.watch);
}
END_TEST

START_TEST(test_the_set_is_closed_on_exec)
{
    ck_assert_int_ne(fcntl(set.epoll_fd, F_GETFD) & FD_CLOEXEC, 0);
}
END_TEST

START_TEST(test_refusals_of_the_kernel_are_told)
{
    struct watch none;
    struct watch_set other;
    struct rlimit limit;

    ck_assert(!watch_start(&set, &none, -1));
    ck_assert_int_eq(getrlimit(RLIMIT_NOFILE, &limit), 0);
    limit.rlim_cur = 0;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
    ck_assert(!watch_set_init(&other, take));
    watch_set_free(&other);
    limit.rlim_cur = limit.rlim_max;
    ck_assert_int_eq(setrlimit(RLIMIT_NOFILE, &limit), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("watch");
    TCase *tests = suite_case(suite, "watch");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_what_is_ready_is_reported_every_turn_until_it_is_taken);
    tcase_add_test(tests, test_a_poll_says_how_many_are_ready);
    tcase_add_test(tests, test_only_what_is_wanted_is_reported);
    tcase_add_test(tests, test_the_end_of_a_peer_does_not_wake_who_waits_for_nothing);
    tcase_add_test(tests, test_a_stopped_watch_is_not_reported_though_it_was_found);
    tcase_add_test(tests, test_what_is_stopped_leaves_the_set_when_it_is_closed);
    tcase_add_test(tests, test_a_single_watch_is_reported_to_its_own_callback);
    tcase_add_test(tests, test_a_signal_during_the_wait_is_no_failure);
    tcase_add_test(tests, test_what_the_kernel_refuses_to_watch_can_be_tried_again);
    tcase_add_test(tests, test_the_set_is_closed_on_exec);
    tcase_add_test(tests, test_refusals_of_the_kernel_are_told);
    return suite_run(suite);
}

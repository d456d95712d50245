/*
 * Readiness: what is reported of a descriptor, and what no longer is.
 */
#include "net/watch.h"

#include "suite.h"

#include <fcntl.h>
#include <sys/resource.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PAIRS = 3 };

static struct event_base *base;
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
    base = event_base_new();
    ck_assert(watch_set_init(&set, base, take));
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
    event_base_free(base);
}

static void turn(void)
{
    reports = 0;
    ck_assert_int_ge(event_base_loop(base, EVLOOP_ONCE | EVLOOP_NONBLOCK), 0);
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

START_TEST(test_the_set_can_be_asked_without_its_event_base)
{
    ck_assert_int_eq(watch_poll(&set), 0);
    speak(0);
    speak(2);
    ck_assert_int_eq(watch_poll(&set), 2);
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
    ck_assert_int_eq(watch_poll(&set), 1);
    ck_assert_int_eq(close(watches[1].fd), 0);
    watches[1].fd = -1;
    ck_assert_int_eq(watch_poll(&set), 0);
    ck_assert_uint_eq(reports, 0);
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
    ck_assert(!watch_set_init(&other, base, take));
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
    tcase_add_test(tests, test_the_set_can_be_asked_without_its_event_base);
    tcase_add_test(tests, test_only_what_is_wanted_is_reported);
    tcase_add_test(tests, test_the_end_of_a_peer_does_not_wake_who_waits_for_nothing);
    tcase_add_test(tests, test_a_stopped_watch_is_not_reported_though_it_was_found);
    tcase_add_test(tests, test_what_is_stopped_leaves_the_set_when_it_is_closed);
    tcase_add_test(tests, test_the_set_is_closed_on_exec);
    tcase_add_test(tests, test_refusals_of_the_kernel_are_told);
    return suite_run(suite);
}

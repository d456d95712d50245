/*
 * The turn: who is asked for events, and when.
 */
#include "net/loop.h"

#include "net_fixture.h"
#include "suite.h"

#include <sys/socket.h>
#include <unistd.h>

enum { ENDLESS = 2 };

static struct watch endless[ENDLESS]; /* always ready: what comes is never read */
static int peers[ENDLESS];
static unsigned reports;
static bool timer_fired;

static const struct handler handler = {.schema = {.name = "test"}};

static void take(struct watch *watch, unsigned what)
{
    (void)watch;
    (void)what;
    (void)loop_now(net.loop); /* as every connection does */
    reports++;
}

static void start(void)
{
    net_start(&handler, NULL);
    net.loop->watches.ready = take;
    for (int i = 0; i < ENDLESS; i++) {
        int pair[2];

        ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, pair), 0);
        peers[i] = pair[1];
        ck_assert(watch_start(&net.loop->watches, &endless[i], pair[0]));
        ck_assert_int_eq(write(peers[i], "x", 1), 1);
    }
}

static void stop(void)
{
    for (int i = 0; i < ENDLESS; i++) {
        watch_stop(&endless[i]);
        close(endless[i].fd);
        close(peers[i]);
    }
    net_stop();
}

static void note_timer(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    (void)argument;
    timer_fired = true;
}

static void no_mail(void *owner)
{
    (void)owner;
}

/* Without end if the event base never gets its turn: Check's time-out is the failure. */
START_TEST(test_connections_that_are_always_ready_leave_the_event_base_its_turn)
{
    struct event *timer = evtimer_new(net.loop->base, note_timer, NULL);
    struct timeval soon = {.tv_usec = 3000};

    timer_fired = false;
    ck_assert_int_eq(event_add(timer, &soon), 0);
    while (!timer_fired) {
        unsigned before = reports;

        ck_assert(loop_turn(net.loop, no_mail));
        ck_assert_uint_eq(reports - before, ENDLESS);
    }
    event_free(timer);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *tests = suite_case(suite, "loop");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, test_connections_that_are_always_ready_leave_the_event_base_its_turn);
    return suite_run(suite);
}

/*
 * The turn: what is waited for, and who gets a turn.
 */
#include "net/loop.h"

#include "base/clock.h"
#include "net_fixture.h"
#include "suite.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { ENDLESS = WATCH_EVENTS_MAX + 88 };

static struct watch endless[ENDLESS]; /* always ready: what comes is never read */
static unsigned reports[ENDLESS];
static bool timer_fired;

static const struct handler handler = {.schema = {.name = "test"}};

static void take(struct watch *watch, unsigned what)
{
    (void)what;
    (void)loop_now(net.loop); /* as every connection does */
    reports[watch - endless]++;
}

static void start(void)
{
    net_start(&handler, NULL);
    net.loop->watches.ready = take;
    for (int i = 0; i < ENDLESS; i++) {
        int fd = eventfd(1, EFD_NONBLOCK | EFD_CLOEXEC);

        ck_assert_int_ge(fd, 0);
        ck_assert(watch_start(&net.loop->watches, &endless[i], fd));
        reports[i] = 0;
    }
}

static void stop(void)
{
    for (int i = 0; i < ENDLESS; i++) {
        watch_stop(&endless[i]);
        close(endless[i].fd);
    }
    net_stop();
}

static void note_timer(void *argument)
{
    (void)argument;
    timer_fired = true;
}

static void no_mail(void *owner)
{
    (void)owner;
}

/* Without end if the timer never gets its turn: Check's time-out is the failure. */
START_TEST(test_connections_that_are_always_ready_leave_others_their_turn)
{
    struct watch_timer timer;

    timer_fired = false;
    ck_assert(watch_timer_init(&timer, &net.loop->watches, note_timer, NULL));
    watch_timer_start(&timer, 3);
    while (!timer_fired) {
        ck_assert(loop_turn(net.loop, no_mail));
    }
    watch_timer_close(&timer);
}
END_TEST

START_TEST(test_more_connections_than_a_turn_takes_have_their_turns_one_after_the_other)
{
    for (int i = 0; i < ENDLESS; i++) {
        ck_assert(loop_turn(net.loop, no_mail));
    }
    for (int i = 0; i < ENDLESS; i++) {
        ck_assert_uint_ge(reports[i], WATCH_EVENTS_MAX - 1);
        ck_assert_uint_le(reports[i], WATCH_EVENTS_MAX + 1);
    }
}
END_TEST

static void start_idle(void)
{
    net_start(&handler, NULL);
}

START_TEST(test_a_turn_waits_while_nothing_is_ready)
{
    struct watch_timer timer;
    int64_t begin_ms = clock_monotonic_ms();

    timer_fired = false;
    ck_assert(watch_timer_init(&timer, &net.loop->watches, note_timer, NULL));
    watch_timer_start(&timer, 20);
    ck_assert(loop_turn(net.loop, no_mail));
    ck_assert(timer_fired);
    ck_assert_int_ge(clock_monotonic_ms() - begin_ms, 19);
    watch_timer_close(&timer);
}
END_TEST

/* ---- more than a callback may do ---- */

enum { MESSAGES = 7 };

static unsigned messages;

/* As a publication to many members does. */
static void take_with_the_budget(struct conn *conn, enum message_type type, const uint8_t *bytes,
                                 size_t length)
{
    (void)type;
    (void)bytes;
    (void)length;
    messages++;
    conn->loop->deliveries += LOOP_DELIVERIES_MAX;
}

static const struct handler exhausting_handler = {.schema = {.name = "test"},
                                                  .on_message = take_with_the_budget};

static bool all_were_taken(void)
{
    return messages == MESSAGES;
}

/* One read brings all of them: a turn that waited for the socket would do so in vain. */
START_TEST(test_a_turn_does_not_wait_while_a_connection_is_to_be_run)
{
    uint8_t frames[MESSAGES * 7];
    size_t length = 0;
    struct client *client;

    net_start(&exhausting_handler, NULL);
    client = client_open("/x");
    for (int i = 0; i < MESSAGES; i++) {
        length += client_make_frame(frames + length, FRAME_FIN | OPCODE_BINARY, "x", 1);
    }
    messages = 0;
    ck_assert_int_eq(send(client->fd, frames, length, 0), (ssize_t)length);
    net_turn_until(all_were_taken);
    client_free(client);
    net_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("loop");
    TCase *idle = suite_case(suite, "idle");
    TCase *runnable = suite_case(suite, "runnable");
    TCase *tests = suite_case(suite, "loop");

    tcase_add_checked_fixture(tests, start, stop);
    tcase_add_test(tests, test_connections_that_are_always_ready_leave_others_their_turn);
    tcase_add_test(tests,
                   test_more_connections_than_a_turn_takes_have_their_turns_one_after_the_other);
    tcase_add_checked_fixture(idle, start_idle, net_stop);
    tcase_add_test(idle, test_a_turn_waits_while_nothing_is_ready);
    tcase_add_test(runnable, test_a_turn_does_not_wait_while_a_connection_is_to_be_run);
    return suite_run(suite);
}

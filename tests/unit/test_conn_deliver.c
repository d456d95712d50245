/*
 * Publications on their way to a connection: what they cost while nothing else waits, and that they
 * keep their place when something does.
 */
#include "handlers/echo.h"
#include "handlers/registry.h"
#include "net_fixture.h"
#include "relay/batch.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { TEXT = FRAME_FIN | OPCODE_TEXT, BINARY = FRAME_FIN | OPCODE_BINARY };

static struct client *client;
static struct client *other;

static void prepare(void)
{
    static struct echo_settings settings;

    net_start(&echo_handler, &settings);
    client = client_open("/x");
    other = client_open("/x");
}

static void clean_up(void)
{
    client_free(client);
    client_free(other);
    net_stop();
}

/* Gives a connection a publication of these bytes. */
static void deliver(struct client *to, const void *bytes, size_t length)
{
    struct message *message = conn_take_message(to->conn, MESSAGE_TEXT, bytes, length);
    struct parcel *parcel = parcel_create(&net.loop->pool, message);

    conn_deliver(to->conn, parcel);
    parcel_release(&net.loop->pool, parcel);
}

static void deliver_text(struct client *to, const char *text)
{
    deliver(to, text, strlen(text));
}

static void expect_text(struct client *at, const char *text)
{
    client_expect(at, TEXT, text, strlen(text));
}

START_TEST(test_a_publication_for_which_nothing_waits_needs_no_queue)
{
    deliver_text(client, "one");
    ck_assert_ptr_null(client->conn->outbox);
    ck_assert_uint_ne(client->conn->fan_out, 0);
    expect_text(client, "one");
    ck_assert_uint_eq(client->conn->fan_out, 0);
    ck_assert_uint_eq(net.loop->fan_out.count, 0);
    ck_assert_ptr_null(client->conn->outbox);
    ck_assert_uint_eq(client->conn->messages_out, 1);
    ck_assert_uint_eq(client->conn->bytes_out, 3);
}
END_TEST

START_TEST(test_publications_that_lie_apart_keep_their_order)
{
    deliver_text(client, "one");
    deliver_text(other, "for the other");
    deliver_text(client, "two");
    deliver_text(client, "three");
    expect_text(client, "one");
    expect_text(client, "two");
    expect_text(client, "three");
    expect_text(other, "for the other");
    ck_assert_uint_eq(client->conn->messages_out, 3);
}
END_TEST

START_TEST(test_what_a_connection_sends_itself_comes_behind_what_was_published_before)
{
    deliver_text(client, "published");
    conn_enter(client->conn);
    ck_assert(send_was_queued(conn_send(client->conn, MESSAGE_TEXT, (const uint8_t *)"own", 3)));
    conn_leave(client->conn);
    expect_text(client, "published");
    expect_text(client, "own");
}
END_TEST

START_TEST(test_a_close_comes_behind_what_was_published_before)
{
    deliver_text(client, "published");
    conn_stop(client->conn);
    expect_text(client, "published");
    client_expect_close(client, CLOSE_GOING_AWAY);
}
END_TEST

static bool all_delivered;

static bool stand_in_caught_up(struct conn *conn, uint64_t *mark)
{
    ck_assert_ptr_eq(conn->handler->is_caught_up, stand_in_caught_up);
    ck_assert(*mark == 0 || *mark == 7);
    *mark = 7;
    return all_delivered;
}

/* In one piece, with the header or its first byte ahead, and with something behind. */
static const size_t close_cuts[] = {8, 6, 1, 0};
enum { CLOSE_CUTS = sizeof close_cuts / sizeof *close_cuts };

START_TEST(test_what_is_under_way_from_another_worker_comes_before_the_answer_to_a_close)
{
    struct handler waiting = echo_handler;
    uint8_t frames[2 * 14];
    size_t cut = close_cuts[_i];
    size_t length = client_make_frame(frames, FRAME_FIN | OPCODE_CLOSE, "\x03\xe8", 2);

    waiting.is_caught_up = stand_in_caught_up;
    client->conn->handler = &waiting;
    client_send_frame(client, TEXT, "last", 4);
    expect_text(client, "last");
    if (cut == 0) {
        length += client_make_frame(frames + length, TEXT, "never read", 4);
    } else {
        client_send(client, frames, cut);
        net_settle();
    }
    if (cut < length) {
        client_send(client, frames + cut, length - cut);
    }
    for (int i = 0; i < 3; i++) {
        net_turn();
    }
    deliver_text(client, "published");
    all_delivered = true;
    expect_text(client, "published");
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    client_close(client);
    net_settle();
    ck_assert_uint_eq(net_connections(), 1);
}
END_TEST

static unsigned asked;

static bool stand_in_always_caught_up(struct conn *conn, uint64_t *mark)
{
    (void)conn;
    ck_assert_uint_eq(*mark, 0);
    *mark = ++asked;
    return true;
}

START_TEST(test_what_one_close_has_waited_for_is_not_what_the_next_one_waits_for)
{
    struct handler waiting = echo_handler;
    struct client *both[] = {client, other};

    waiting.is_caught_up = stand_in_always_caught_up;
    for (int i = 0; i < 2; i++) {
        both[i]->conn->handler = &waiting;
        client_send_frame(both[i], FRAME_FIN | OPCODE_CLOSE, "\x03\xe8", 2);
        client_expect_close(both[i], CLOSE_NORMAL);
        client_close(both[i]);
    }
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(asked, 2);
}
END_TEST

START_TEST(test_a_connection_may_die_before_its_publication_has_gone_out)
{
    deliver_text(client, "never seen");
    deliver_text(other, "seen");
    conn_enter(client->conn);
    conn_kill(client->conn, CLOSE_ABNORMAL, "the test says so");
    conn_leave(client->conn);
    expect_text(other, "seen");
    ck_assert_uint_eq(net_connections(), 1);
}
END_TEST

START_TEST(test_a_peer_that_is_gone_is_noticed)
{
    client_close(client);
    deliver_text(client, "never seen");
    deliver_text(other, "seen");
    expect_text(other, "seen");
    net_settle();
    ck_assert_uint_eq(net_connections(), 1);
}
END_TEST

START_TEST(test_what_the_kernel_does_not_take_waits_in_the_queue)
{
    enum { LONG_BYTES = 300000 };
    uint8_t *payload = make_payload(LONG_BYTES);

    client_squeeze(client);
    deliver(client, payload, LONG_BYTES);
    net_turn();
    ck_assert_ptr_nonnull(client->conn->outbox);
    ck_assert_uint_eq(client->conn->fan_out, 0);
    deliver_text(client, "behind");
    client_expect(client, TEXT, payload, LONG_BYTES);
    expect_text(client, "behind");
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    free(payload);
}
END_TEST

/* Gives a connection publications that lie one behind the other. */
static void deliver_batch(struct client *to, const void *bytes, size_t length, int count)
{
    struct pool *pool = &net.loop->pool;
    struct batch batch = {0};

    for (int i = 0; i < count; i++) {
        struct message *message = conn_take_message(to->conn, MESSAGE_TEXT, bytes, length);
        struct parcel *parcel = batch_copy(pool, &batch, message);

        conn_deliver(to->conn, parcel);
        parcel_release(pool, parcel);
        message_release(pool, message);
    }
    batch_end(pool, &batch);
}

/* Wire bytes that wait may be as many as the queue's limit, and not one more. */
START_TEST(test_the_queue_s_limit_holds_for_what_a_turn_brings)
{
    enum { WIRE_BYTES = 2 + 100, COUNT = 4 };
    uint8_t *payload = make_payload(100);

    net.route.config.settings.send_queue_bytes = COUNT * WIRE_BYTES - 1 + (size_t)_i % 3;
    client_squeeze(client);
    client->conn->blocked = true; /* nothing can be sent for now */
    if (_i < 3) {
        deliver_batch(client, payload, 100, COUNT);
        ck_assert_int_eq(client->conn->fan_out != 0, _i > 0);
    } else {
        for (int i = 0; i < COUNT; i++) {
            deliver(client, payload, 100);
        }
    }
    ck_assert_int_eq(client->conn->too_slow, _i % 3 == 0);
    client->conn->blocked = false;
    free(payload);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deliveries");
    TCase *tests = suite_case(suite, "deliveries");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_a_publication_for_which_nothing_waits_needs_no_queue);
    tcase_add_test(tests, test_publications_that_lie_apart_keep_their_order);
    tcase_add_test(tests,
                   test_what_a_connection_sends_itself_comes_behind_what_was_published_before);
    tcase_add_test(tests, test_a_close_comes_behind_what_was_published_before);
    tcase_add_loop_test(
        tests, test_what_is_under_way_from_another_worker_comes_before_the_answer_to_a_close, 0,
        CLOSE_CUTS);
    tcase_add_test(tests, test_what_one_close_has_waited_for_is_not_what_the_next_one_waits_for);
    tcase_add_test(tests, test_a_connection_may_die_before_its_publication_has_gone_out);
    tcase_add_test(tests, test_a_peer_that_is_gone_is_noticed);
    tcase_add_test(tests, test_what_the_kernel_does_not_take_waits_in_the_queue);
    tcase_add_loop_test(tests, test_the_queue_s_limit_holds_for_what_a_turn_brings, 0, 6);
    return suite_run(suite);
}

/*
 * Deadlines: what a connection is given time for, and what becomes of it afterwards.
 */
#include "base/clock.h"
#include "certificates.h"
#include "net_fixture.h"
#include "suite.h"

#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    CLOSE = FRAME_FIN | OPCODE_CLOSE,
    PING = FRAME_FIN | OPCODE_PING,
};

static struct client *client;
static unsigned closes;
static uint16_t code_at_close;

/* "close" closes; "hold" has a message wait for the end of a streamed one; "fill" sends more than
 * the kernel takes, and "pause" stops reading besides. */
static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    static const uint8_t big[500000];

    if (bytes[0] == 'c') {
        conn_close(conn, CLOSE_NORMAL, "the test says so");
    } else if (bytes[0] == 'h') {
        ck_assert_int_eq(conn_send_begin(conn, type), SEND_QUEUED);
        ck_assert_int_eq(conn_send(conn, type, bytes, length), SEND_QUEUED);
    } else {
        ck_assert_int_eq(conn_send(conn, type, big, sizeof big), SEND_QUEUED);
    }
    if (bytes[0] == 'p') {
        conn_pause(conn);
    }
}

static void take_close(struct conn *conn)
{
    closes++;
    code_at_close = conn->close_code;
    conn_resume(conn); /* too late for anything, and nothing comes of it */
}

static const struct handler handler = {
    .schema = {.name = "test"}, .on_message = take_message, .on_close = take_close};

static void start(void)
{
    net_start(&handler, NULL);
}

static void open_one(void)
{
    client = client_open("/x");
}

/* The handler has been told of the end as often as this, and everything is gone. */
static void stop(unsigned expected_closes)
{
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(closes, expected_closes);
    client_free(client);
    net_stop();
}

static bool is_alone(void)
{
    return net_connections() == 0;
}

static bool has_frame(void)
{
    client_receive(client);
    return client_has_frame(client);
}

START_TEST(test_a_connection_without_messages_is_closed_after_its_idle_time)
{
    start();
    net.route.config.settings.idle_timeout_ms = 1;
    open_one();
    net_turn_until(has_frame);
    client_expect_close(client, CLOSE_POLICY);
    client_expect_end(client);
    client_close(client);
    stop(1);
}
END_TEST

START_TEST(test_a_connection_that_is_too_old_is_closed_in_order)
{
    start();
    net.route.config.settings.max_connection_age_ms = 1;
    open_one();
    net_turn_until(has_frame);
    client_expect_close(client, CLOSE_GOING_AWAY);
    client_send_frame(client, CLOSE, "\x03\xe9", 2);
    client_expect_end(client);
    client_close(client);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_answers_no_ping_is_dropped)
{
    start();
    net.route.config.settings.ping_interval_ms = 1;
    net.route.config.settings.ping_timeout_ms = 1;
    open_one();
    net_turn_until(is_alone);
    client_expect(client, PING, NULL, 0);
    client_expect_end(client);
    ck_assert_uint_eq(code_at_close, CLOSE_ABNORMAL);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_answers_pings_stays)
{
    const uint8_t pong[] = {FRAME_FIN | OPCODE_PONG, FRAME_MASKED, 0, 0, 0, 0};

    start();
    net.route.config.settings.ping_interval_ms = 1;
    open_one();
    for (int i = 0; i < 5; i++) {
        net_turn_until(has_frame);
        client_expect(client, PING, NULL, 0);
        ck_assert(!client_has_frame(client));
        client_send(client, pong, sizeof pong);
    }
    ck_assert_int_eq(client->conn->state, CONN_OPEN);
    client_close(client);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_takes_nothing_is_dropped)
{
    start();
    net.snapshot.timeouts.send_ms = 1;
    open_one();
    client_squeeze(client);
    client_send_frame(client, TEXT, _i == 0 ? "fill" : "pause", _i == 0 ? 4 : 5);
    net_turn_until(is_alone);
    ck_assert_uint_eq(code_at_close, CLOSE_ABNORMAL);
    stop(1);
}
END_TEST

/* Pings are the clock: each comes a millisecond after the last at the earliest. */
START_TEST(test_what_waits_for_the_end_of_a_streamed_message_is_not_overdue)
{
    start();
    net.snapshot.timeouts.send_ms = 1;
    net.route.config.settings.ping_interval_ms = 1;
    open_one();
    client_send_frame(client, TEXT, "hold", 4);
    for (int i = 0; i < 5; i++) {
        net_turn_until(has_frame);
        client_expect(client, PING, NULL, 0);
        client_send_frame(client, FRAME_FIN | OPCODE_PONG, NULL, 0);
    }
    ck_assert_int_eq(client->conn->state, CONN_OPEN);
    client_close(client);
    stop(1);
}
END_TEST

START_TEST(test_a_delivery_postpones_the_idle_time_from_when_it_comes)
{
    struct message *message;
    struct parcel *parcel;

    start();
    open_one();
    message = conn_take_message(client->conn, MESSAGE_TEXT, (const uint8_t *)"x", 1);
    parcel = parcel_create(&net.loop->pool, message);
    net.loop->now_ms = 0; /* of a turn that is over */
    net.loop->clock_stale = true;
    conn_deliver(client->conn, parcel);
    parcel_release(&net.loop->pool, parcel);
    ck_assert_int_gt(client->conn->message_ms, 0);
    client_expect(client, TEXT, "x", 1);
    client_close(client);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_does_not_answer_our_close_is_dropped)
{
    start();
    net.snapshot.timeouts.close_ms = 1;
    open_one();
    client_send_frame(client, TEXT, "close", 5);
    net_turn_until(is_alone);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_does_not_end_after_both_closes_is_dropped)
{
    start();
    net.snapshot.timeouts.linger_ms = 1;
    open_one();
    client_send_frame(client, CLOSE, "\x03\xe8", 2);
    net_turn_until(is_alone);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    stop(1);
}
END_TEST

START_TEST(test_a_peer_that_does_not_finish_its_handshake_is_dropped)
{
    start();
    net.snapshot.timeouts.handshake_ms = 1;
    client = client_connect(NULL);
    client_send(client, "GET", 3);
    net_turn_until(is_alone);
    client_expect_end(client);
    stop(0);
}
END_TEST

/* ---- how far away each deadline is ---- */

static void connect_one(void)
{
    client = client_connect(NULL);
}

static void connect_to_tls(void)
{
    struct tls_context *context = make_tls_context();

    net.listener.tls = context;
    connect_one();
    tls_context_free(context);
}

/* Nothing that the server sends from now on is taken by the kernel. */
static void stuff(void)
{
    static const uint8_t bytes[4096];
    ssize_t sent;

    client_squeeze(client);
    do {
        sent = send(client->conn->transport.fd, bytes, sizeof bytes, MSG_DONTWAIT);
    } while (sent > 0);
}

static void send_much(void)
{
    open_one();
    stuff();
    client_send_frame(client, TEXT, "fill", 4);
    net_settle();
}

static void close_one(void)
{
    open_one();
    client_send_frame(client, TEXT, "close", 5);
    client_expect_close(client, CLOSE_NORMAL);
}

static void fail_one(void)
{
    open_one();
    stuff();
    client_send_frame(client, FRAME_FIN | 0x3, NULL, 0);
    net_settle();
}

static void refuse_one(void)
{
    connect_one();
    stuff();
    client_send(client, "?\r\n\r\n", 5);
    net_settle();
}

static void end_both(void)
{
    open_one();
    client_send_frame(client, CLOSE, "\x03\xe8", 2);
    client_expect_close(client, CLOSE_NORMAL);
}

static void ping_one(void)
{
    net.route.config.settings.ping_interval_ms = 1;
    open_one();
    net_turn_until(has_frame);
}

/* What begins the time of each setting; every other setting is longer, or off. */
static const struct deadline_row {
    int64_t *setting_ms;
    void (*begin)(void);
    enum conn_state state;
} deadline_rows[] = {
    {&net.snapshot.timeouts.handshake_ms, connect_one, CONN_UPGRADE},
    {&net.snapshot.timeouts.handshake_ms, connect_to_tls, CONN_TLS_HANDSHAKE},
    {&net.snapshot.timeouts.tls_ms, connect_to_tls, CONN_TLS_HANDSHAKE},
    {&net.snapshot.timeouts.send_ms, send_much, CONN_OPEN},
    {&net.snapshot.timeouts.close_ms, close_one, CONN_CLOSING},
    {&net.snapshot.timeouts.close_ms, fail_one, CONN_FINISHING},
    {&net.snapshot.timeouts.close_ms, refuse_one, CONN_FINISHING},
    {&net.snapshot.timeouts.linger_ms, end_both, CONN_LINGERING},
    {&net.route.config.settings.ping_interval_ms, open_one, CONN_OPEN},
    {&net.route.config.settings.ping_timeout_ms, ping_one, CONN_OPEN},
    {&net.route.config.settings.idle_timeout_ms, open_one, CONN_OPEN},
};

/* Two of them, so that no constant is right for both. */
static const int64_t settings_ms[] = {20000, 40000};
enum { SETTINGS = 2, DEADLINES = SETTINGS * sizeof deadline_rows / sizeof *deadline_rows };

START_TEST(test_a_deadline_is_as_far_away_as_its_setting_says)
{
    const struct deadline_row *row = &deadline_rows[_i / SETTINGS];
    int64_t setting_ms = settings_ms[_i % SETTINGS];
    int64_t began_ms;
    int64_t due_ms;

    start();
    *row->setting_ms = setting_ms;
    began_ms = net.loop->now_ms;
    row->begin();
    due_ms = wheel_next_ms(&net.loop->wheel);
    ck_assert_int_eq(client->conn->state, row->state);
    ck_assert_int_ge(due_ms, began_ms + setting_ms);
    ck_assert_int_lt(due_ms, clock_monotonic_ms() + setting_ms + WHEEL_TICK_MS);
    client_free(client);
    net_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deadlines");
    TCase *tests = suite_case(suite, "deadlines");
    int result;

    tcase_add_test(tests, test_a_connection_without_messages_is_closed_after_its_idle_time);
    tcase_add_test(tests, test_a_connection_that_is_too_old_is_closed_in_order);
    tcase_add_test(tests, test_a_peer_that_answers_no_ping_is_dropped);
    tcase_add_test(tests, test_a_peer_that_answers_pings_stays);
    tcase_add_loop_test(tests, test_a_peer_that_takes_nothing_is_dropped, 0, 2);
    tcase_add_test(tests, test_what_waits_for_the_end_of_a_streamed_message_is_not_overdue);
    tcase_add_test(tests, test_a_delivery_postpones_the_idle_time_from_when_it_comes);
    tcase_add_test(tests, test_a_peer_that_does_not_answer_our_close_is_dropped);
    tcase_add_test(tests, test_a_peer_that_does_not_end_after_both_closes_is_dropped);
    tcase_add_test(tests, test_a_peer_that_does_not_finish_its_handshake_is_dropped);
    tcase_add_loop_test(tests, test_a_deadline_is_as_far_away_as_its_setting_says, 0, DEADLINES);
    certificates_make();
    result = suite_run(suite);
    certificates_remove();
    return result;
}

/*
 * What a handler may do with a connection besides sending: become another's, speak first, wake
 * later, set times of its own, end it in other ways.
 */
#include "base/clock.h"
#include "net_fixture.h"
#include "protocol/http.h"
#include "suite.h"

#include <string.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    CLOSE = FRAME_FIN | OPCODE_CLOSE,
    PING = FRAME_FIN | OPCODE_PING,
};

struct state {
    struct conn_timing timing;
    unsigned wakes;
    char reason[32];
    char subprotocol[8];
};

static struct client *client;
static struct conn_timing wanted; /* what a connection gets as its timing */
static int refused_with;          /* a status, or 0 */
static unsigned closes;
static unsigned wakes;
static int64_t wake_delay_ms;
static int64_t woken_at_ms;
static char seen_target[8];
static size_t seen_fields;

static enum upgrade_decision take_over(struct conn *conn, const struct upgrade_info *info,
                                       int *status, const char **reason);

static void speak_first(struct conn *conn, const struct upgrade_info *info)
{
    memcpy(seen_target, info->head->target.data, info->head->target.length);
    seen_fields = info->head->field_count;
    ck_assert_int_eq(conn_send(conn, MESSAGE_TEXT, (const uint8_t *)"first", 5), SEND_QUEUED);
    if (slice_equal(info->query, SLICE("close"))) {
        conn_close(conn, CLOSE_NORMAL, "at once");
    }
}

/* The first letter says what to do. */
static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    static const uint8_t big[300000];
    struct state *state = conn_state(conn);

    switch (bytes[0]) {
    case 'e':
        conn_send(conn, type, bytes, length);
        break;
    case 'w':
        conn_wake_after(conn, wake_delay_ms);
        break;
    case 'a':
        conn_send(conn, type, bytes, length);
        conn->phase_end_ms = conn_now_ms(conn) + 60000; /* as if a Pong were awaited */
        conn_abort(conn, "the test says so");
        conn_wake_after(conn, 1); /* too late */
        break;
    default: /* fills the queue, then closes with a failure's code */
        conn_send(conn, MESSAGE_BINARY, big, sizeof big);
        strcpy(state->reason, "in the handler's state");
        conn_close_orderly(conn, CLOSE_POLICY, state->reason);
        break;
    }
}

static void take_wake(struct conn *conn)
{
    wakes++;
    woken_at_ms = clock_monotonic_ms();
    conn_send(conn, MESSAGE_TEXT, (const uint8_t *)"awake", 5);
}

static void take_close(struct conn *conn)
{
    (void)conn;
    closes++;
}

static const struct handler first = {
    .schema = {.name = "first"}, .state_bytes = 100, .on_upgrade = take_over, .on_message = NULL};

static const struct handler second = {.schema = {.name = "second"},
                                      .state_bytes = sizeof(struct state),
                                      .on_upgrade = take_over, /* not called */
                                      .on_open = speak_first,
                                      .on_message = take_message,
                                      .on_wake = take_wake,
                                      .on_close = take_close};

static enum upgrade_decision take_over(struct conn *conn, const struct upgrade_info *info,
                                       int *status, const char **reason)
{
    struct state *state;

    (void)info;
    memset(conn_state(conn), 'x', first.state_bytes);
    ck_assert(conn_become(conn, &second));
    state = conn_state(conn);
    ck_assert_uint_eq(state->wakes, 0);
    strcpy(state->reason, "Not today.");
    strcpy(state->subprotocol, "mine");
    state->timing = wanted;
    conn_set_timing(conn, &state->timing);
    conn_set_subprotocol(conn, state->subprotocol);
    *status = refused_with;
    *reason = state->reason;
    return refused_with != 0 ? UPGRADE_REFUSE : UPGRADE_ACCEPT;
}

static void prepare(void)
{
    net_start(&first, NULL);
}

static void clean_up(void)
{
    client_free(client);
    net_stop();
}

static void open_one(void)
{
    client = client_open("/x");
    client_expect(client, TEXT, "first", 5);
}

static bool has_frame(void)
{
    client_receive(client);
    return client_has_frame(client);
}

static bool is_alone(void)
{
    return net_connections() == 0;
}

static void say(const char *text)
{
    client_send_frame(client, TEXT, text, strlen(text));
}

START_TEST(test_a_handler_speaks_first_and_sees_the_request)
{
    open_one();
    ck_assert_ptr_eq(client->conn->handler, &second);
    ck_assert_ptr_nonnull(strstr((char *)client->bytes, "\r\nSec-WebSocket-Protocol: mine\r\n"));
    ck_assert_str_eq(seen_target, "/x");
    ck_assert_uint_ge(seen_fields, 5);
    say("echo");
    client_expect(client, TEXT, "echo", 4);
}
END_TEST

START_TEST(test_a_refusal_may_stand_in_the_handlers_state)
{
    refused_with = 418;
    client = client_connect(NULL);
    client_request(client, "localhost", "/x");
    net_settle();
    client_receive(client);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 418", 12);
    ck_assert_ptr_nonnull(strstr((char *)client->bytes, "\r\n\r\nNot today.\n"));
    ck_assert_uint_eq(closes, 0);
}
END_TEST

/* The peer's Close has come in the same piece as the request. */
START_TEST(test_a_connection_may_be_closed_as_soon_as_it_opens)
{
    uint8_t bytes[512];
    int length = snprintf((char *)bytes, sizeof bytes,
                          "GET /x?close HTTP/1.1\r\nHost: h\r\nUpgrade: websocket\r\n"
                          "Connection: Upgrade\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n");

    length += (int)client_make_frame(bytes + length, CLOSE, "\x03\xe8", 2);
    client = client_connect(NULL);
    client_send(client, bytes, (size_t)length);
    net_settle();
    client_receive(client);
    client->taken =
        (size_t)((uint8_t *)strstr((char *)client->bytes, "\r\n\r\n") + 4 - client->bytes);
    client_expect(client, TEXT, "first", 5);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    client_close(client);
    net_turn_until(is_alone);
    ck_assert_uint_eq(closes, 1);
}
END_TEST

static const int64_t delays_ms[] = {0, 1, 30, 100};
enum { DELAYS = sizeof delays_ms / sizeof *delays_ms };

START_TEST(test_a_handler_is_woken_when_its_time_is_over)
{
    int64_t start_ms;

    open_one();
    wake_delay_ms = delays_ms[_i];
    net.loop->now_ms = clock_monotonic_ms();
    start_ms = clock_monotonic_ms();
    say("wake");
    net_turn_until(has_frame);
    client_expect(client, TEXT, "awake", 5);
    ck_assert_uint_eq(wakes, 1);
    ck_assert_int_ge(woken_at_ms - start_ms, wake_delay_ms);
    net_settle();
    ck_assert_uint_eq(wakes, 1);
}
END_TEST

START_TEST(test_what_is_sent_on_waking_counts_against_idleness)
{
    int64_t message_ms;

    open_one();
    message_ms = client->conn->message_ms;
    wake_delay_ms = 40;
    say("wake");
    net_turn_until(has_frame);
    ck_assert_int_ge(client->conn->message_ms, message_ms + 40);
}
END_TEST

START_TEST(test_nobody_is_woken_whose_connection_has_ended)
{
    open_one();
    say("abort");
    client_expect(client, TEXT, "abort", 5);
    client_expect_end(client);
    ck_assert_uint_eq(closes, 1);
    client_close(client);
    net_turn_until(is_alone);
    ck_assert_uint_eq(wakes, 0);
    ck_assert_uint_eq(closes, 1);
    ck_assert_int_eq(wheel_next_ms(&net.loop->wheel), -1);
}
END_TEST

START_TEST(test_a_connection_may_have_a_ping_interval_of_its_own)
{
    wanted.ping_interval_ms = 1;
    open_one();
    net_turn_until(has_frame);
    client_expect(client, PING, NULL, 0);
}
END_TEST

START_TEST(test_a_connection_may_have_an_age_of_its_own)
{
    wanted.max_age_ms = 30;
    open_one();
    net_turn_until(has_frame);
    ck_assert_int_ge(clock_monotonic_ms() - client->conn->opened_ms, 30);
    client_expect_close(client, CLOSE_GOING_AWAY);
}
END_TEST

START_TEST(test_the_age_of_the_route_holds_as_well)
{
    net.route.config.settings.max_connection_age_ms = 1;
    wanted.max_age_ms = 3600000;
    open_one();
    net_turn_until(has_frame);
    client_expect_close(client, CLOSE_GOING_AWAY);
}
END_TEST

/* The socket does not hold what waits before the Close. */
START_TEST(test_an_orderly_close_with_a_failures_code_takes_nothing_back)
{
    struct client_frame frame;

    open_one();
    client_squeeze(client);
    say("fill");
    frame = client_frame(client);
    ck_assert_uint_eq(frame.length, 300000);
    frame = client_frame(client);
    ck_assert_uint_eq(frame.first_byte, CLOSE);
    ck_assert_uint_eq(frame.length, 2 + strlen("in the handler's state"));
    ck_assert_mem_eq(frame.payload, "\x03\xf0in the handler's state", frame.length);
    ck_assert_int_eq(client->conn->state, CONN_CLOSING);
}
END_TEST

START_TEST(test_a_connection_is_described)
{
    struct conn_description description;

    open_one();
    conn_describe(client->conn, &description);
    ck_assert_str_eq(description.address, "");
    ck_assert_str_eq(description.listener, "test");
    ck_assert_ptr_null(description.tls_version);
    ck_assert_ptr_null(description.tls_cipher);
    ck_assert_str_eq(description.tls_subject, "");
    client->conn->peer = (struct peer){.family = AF_INET, .address = {192, 0, 2, 7}, .port = 77};
    conn_describe(client->conn, &description);
    ck_assert_str_eq(description.address, "192.0.2.7");
    ck_assert_uint_eq(description.port, 77);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("conn_handler");
    TCase *tests = suite_case(suite, "handler");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_a_handler_speaks_first_and_sees_the_request);
    tcase_add_test(tests, test_a_refusal_may_stand_in_the_handlers_state);
    tcase_add_test(tests, test_a_connection_may_be_closed_as_soon_as_it_opens);
    tcase_add_loop_test(tests, test_a_handler_is_woken_when_its_time_is_over, 0, DELAYS);
    tcase_add_test(tests, test_what_is_sent_on_waking_counts_against_idleness);
    tcase_add_test(tests, test_nobody_is_woken_whose_connection_has_ended);
    tcase_add_test(tests, test_a_connection_may_have_a_ping_interval_of_its_own);
    tcase_add_test(tests, test_a_connection_may_have_an_age_of_its_own);
    tcase_add_test(tests, test_the_age_of_the_route_holds_as_well);
    tcase_add_test(tests, test_an_orderly_close_with_a_failures_code_takes_nothing_back);
    tcase_add_test(tests, test_a_connection_is_described);
    return suite_run(suite);
}

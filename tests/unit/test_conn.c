/*
 * The beginning of connections: from the first byte to 101 or a refusal, and what they cost.
 */
#include "net_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { TEXT = FRAME_FIN | OPCODE_TEXT, CLOSE = FRAME_FIN | OPCODE_CLOSE };

/* ---- a handler that looks at what it is given ---- */

struct state {
    char zeroes[64];
    unsigned messages;
};

static struct {
    int settings;
    bool refuse;
    unsigned upgrades;
    unsigned closes;
    char path[64];
    char query[64];
    char host[64];
    char captured[64];
    const char *subprotocol;
} seen;

static void copy_text(char target[64], struct slice text)
{
    ck_assert_uint_lt(text.length, 64);
    snprintf(target, 64, "%.*s", (int)text.length, text.length > 0 ? text.data : "");
}

static enum upgrade_decision take_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason)
{
    static const char zeroes[sizeof(struct state)];

    seen.upgrades++;
    ck_assert_mem_eq(conn_state(conn), zeroes, sizeof zeroes);
    ck_assert_ptr_eq(conn_handler_settings(conn), &seen.settings);
    ck_assert_ptr_eq(conn_loop(conn), net.loop);
    ck_assert_int_eq(conn_send(conn, MESSAGE_TEXT, (const uint8_t *)"x", 1), SEND_CLOSED);
    copy_text(seen.path, info->path);
    copy_text(seen.query, info->query);
    copy_text(seen.host, info->host);
    ck_assert_str_eq(info->pattern, net.route.config.path);
    ck_assert_uint_eq(info->capture_count, 1);
    ck_assert_str_eq(info->captures[0].name, "name");
    copy_text(seen.captured, info->captures[0].value);
    seen.subprotocol = info->subprotocol;
    *status = 403;
    *reason = "The test says so.";
    return seen.refuse ? UPGRADE_REFUSE : UPGRADE_ACCEPT;
}

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    struct state *state = conn_state(conn);

    state->messages++;
    memset(state->zeroes, 'x', sizeof state->zeroes);
    ck_assert_int_eq(conn_send(conn, type, bytes, length), SEND_QUEUED);
}

static void take_close(struct conn *conn)
{
    const struct state *state = conn_state(conn);

    ck_assert(state->messages == 0 || state->zeroes[0] == 'x');
    seen.closes++;
}

static const struct handler handler = {
    .schema = {.name = "test"},
    .state_bytes = sizeof(struct state),
    .on_upgrade = take_upgrade,
    .on_message = take_message,
    .on_close = take_close,
};

/* A handler that wants to know nothing. */
static const struct handler deaf_handler = {.schema = {.name = "deaf"}};

static struct client *client;

static void start(void)
{
    net_start(&handler, &seen.settings);
}

static void stop(void)
{
    client_free(client);
    net_stop();
}

static const char request[] = "GET /x?a=b HTTP/1.1\r\n"
                              "Host: LocalHost:8080\r\n"
                              "Upgrade: websocket\r\n"
                              "Connection: Upgrade\r\n"
                              "Sec-WebSocket-Protocol: one, two\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                              "Sec-WebSocket-Version: 13\r\n\r\n";
enum { REQUEST_BYTES = sizeof request - 1 };

/* The status of the response that has come. */
static int status(void)
{
    client_receive(client);
    ck_assert_uint_gt(client->length, 12);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 ", 9);
    return atoi((const char *)client->bytes + 9);
}

/* ---- the upgrade ---- */

START_TEST(test_the_handler_learns_what_was_asked_for)
{
    char *offered[] = {(char *)(uintptr_t) "two", (char *)(uintptr_t) "one"};

    start();
    net.route.config.settings.subprotocols = (struct string_list){offered, 2};
    client = client_connect(NULL);
    client_send(client, request, REQUEST_BYTES);
    net_settle();
    ck_assert_int_eq(status(), 101);
    ck_assert_str_eq(seen.path, "/x");
    ck_assert_str_eq(seen.query, "a=b");
    ck_assert_str_eq(seen.host, "localhost");
    ck_assert_str_eq(seen.captured, "x");
    ck_assert_str_eq(seen.subprotocol, "two");
    ck_assert_ptr_nonnull(strstr((char *)client->bytes, "Sec-WebSocket-Protocol: two\r\n"));
    ck_assert_ptr_nonnull(strstr((char *)client->bytes, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
    stop();
    ck_assert_uint_eq(seen.closes, 1);
}
END_TEST

/* A request, and in the same stream a message that must be answered. */
static size_t make_opening(uint8_t *target)
{
    memcpy(target, request, REQUEST_BYTES);
    return REQUEST_BYTES + client_make_frame(target + REQUEST_BYTES, TEXT, "hello", 5);
}

static void expect_opening(void)
{
    const uint8_t *end;

    net_settle();
    ck_assert_int_eq(status(), 101);
    end = memmem(client->bytes, client->length, "\r\n\r\n", 4);
    ck_assert_ptr_nonnull(end);
    client->taken = (size_t)(end - client->bytes) + 4;
    client_expect(client, TEXT, "hello", 5);
    ck_assert_ptr_null(client->conn->head);
    ck_assert_uint_eq(atomic_load(&net.admission.pending), 0);
    ck_assert_uint_eq(atomic_load(&net.admission.connections), 1);
}

START_TEST(test_the_request_may_be_cut_anywhere_and_frames_may_follow_at_once)
{
    uint8_t opening[REQUEST_BYTES + 32];
    size_t length = make_opening(opening);

    start();
    for (size_t cut = 0; cut <= length; cut++) {
        client = client_connect(NULL);
        client_send(client, opening, cut);
        net_turn();
        client_send(client, opening + cut, length - cut);
        expect_opening();
        client_free(client);
        net_settle();
    }
    client = NULL;
    stop();
    ck_assert_uint_eq(seen.closes, length + 1);
}
END_TEST

START_TEST(test_the_request_may_come_a_byte_at_a_time)
{
    uint8_t opening[REQUEST_BYTES + 32];
    size_t length = make_opening(opening);

    start();
    client = client_connect(NULL);
    for (size_t i = 0; i < length; i++) {
        client_send(client, opening + i, 1);
        net_turn();
    }
    expect_opening();
    stop();
}
END_TEST

START_TEST(test_a_handler_may_want_to_know_nothing)
{
    net_start(&deaf_handler, NULL);
    client = client_open("/x");
    ck_assert_ptr_null(conn_state(client->conn));
    client_send_frame(client, TEXT, "hello", 5);
    client_send_frame(client, CLOSE, "", 0);
    client_expect(client, CLOSE, "", 0);
    client_expect_end(client);
    stop();
}
END_TEST

/* ---- refusals ---- */

/* What is asked for, and the answer. */
static const struct {
    const char *request;
    int status;
} refusal_rows[] = {
    {"GET /x/y HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n"
     "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n",
     404},
    {"POST /x HTTP/1.1\r\nHost: a\r\n\r\n", 405},
    {"GET /x HTTP/1.1\nHost: a\n\n", 400},
    {"GET /x HTTP/1.1\r\nHost: a\r\n\r\n", 426},
};

/* Refused, told so, half-closed; what follows is read away. */
static void expect_refusal(int expected)
{
    static const char more[50000];

    net_settle();
    ck_assert_int_eq(status(), expected);
    client_receive(client);
    ck_assert(client->finished);
    ck_assert_int_eq(client->conn->state, CONN_LINGERING);
    ck_assert_uint_eq(atomic_load(&net.admission.pending), 0);
    client_send(client, more, sizeof more);
    net_settle();
    ck_assert_uint_eq(client_receive(client), 0);
    client_close(client);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(seen.closes, 0);
    ck_assert_uint_eq(counter_read(&net.loop->counters, COUNTER_REFUSALS), 1);
}

START_TEST(test_a_request_that_cannot_be_served_is_refused)
{
    const char *text = refusal_rows[_i].request;

    start();
    client = client_connect(NULL);
    client_send(client, text, strlen(text));
    expect_refusal(refusal_rows[_i].status);
    ck_assert_uint_eq(seen.upgrades, 0);
    stop();
}
END_TEST

START_TEST(test_a_handler_may_refuse)
{
    start();
    seen.refuse = true;
    client = client_connect(NULL);
    client_send(client, request, REQUEST_BYTES);
    expect_refusal(403);
    ck_assert_ptr_nonnull(strstr((char *)client->bytes, "The test says so."));
    stop();
}
END_TEST

START_TEST(test_nothing_is_upgraded_while_stopping)
{
    start();
    net.loop->stopping = true;
    client = client_connect(NULL);
    client_send(client, request, REQUEST_BYTES);
    expect_refusal(503);
    ck_assert_uint_eq(seen.upgrades, 0);
    stop();
}
END_TEST

START_TEST(test_a_head_that_is_too_long_is_refused_before_its_end)
{
    static const char head[] = "GET /x HTTP/1.1\r\nX: ";
    static char filler[9000];

    start();
    memset(filler, 'x', sizeof filler);
    client = client_connect(NULL);
    client_send(client, head, sizeof head - 1);
    net_settle();
    for (size_t i = 0; i < sizeof filler; i += 1000) {
        client_send(client, filler, 1000);
        net_settle();
    }
    expect_refusal(431);
    stop();
}
END_TEST

START_TEST(test_a_connection_over_the_limit_is_told_so)
{
    start();
    net.admission.max_pending = 0;
    client = client_connect(NULL);
    ck_assert_int_eq(client->conn->admission, ADMISSION_OVERFLOW);
    client_send(client, request, REQUEST_BYTES);
    expect_refusal(503);
    ck_assert_uint_eq(counter_read(&net.loop->counters, COUNTER_OVER_LIMIT), 1);
    stop();
}
END_TEST

/* ---- what a connection costs ---- */

/* A bound that the figures of performance rest on: an idle plain connection is this struct and its
 * handler's state. */
START_TEST(test_a_connection_is_small)
{
    ck_assert_uint_le(sizeof(struct conn), 384);
    ck_assert_uint_le(sizeof(struct outbox_entry), 40);
}
END_TEST

START_TEST(test_an_idle_connection_owns_nothing_else)
{
    start();
    client = client_open("/x");
    client_send_frame(client, TEXT, "hello", 5);
    client_expect(client, TEXT, "hello", 5);
    client_send(client, "\x81", 1);
    net_settle();
    ck_assert_ptr_nonnull(client->conn->inbound);
    client_send(client, "\x80\0\0\0\0", 5);
    client_expect(client, TEXT, "", 0);
    ck_assert_ptr_null(client->conn->inbound);
    ck_assert_ptr_null(client->conn->outbox);
    ck_assert_ptr_null(client->conn->head);
    stop();
}
END_TEST

START_TEST(test_every_state_has_a_name)
{
    for (int state = 0; state < CONN_STATE_COUNT; state++) {
        ck_assert_ptr_nonnull(conn_state_name(state));
        for (int other = 0; other < state; other++) {
            ck_assert_str_ne(conn_state_name(state), conn_state_name(other));
        }
    }
}
END_TEST

START_TEST(test_many_connections_come_and_go)
{
    enum { MANY = 60 };
    static struct client *many[MANY];

    start();
    net.admission.max_connections = MANY;
    for (int i = 0; i < MANY; i++) {
        many[i] = client_open("/x");
    }
    ck_assert_uint_eq(net_connections(), MANY);
    for (int i = 0; i < MANY; i += 2) {
        client_close(many[i]);
    }
    net_settle();
    ck_assert_uint_eq(net_connections(), MANY / 2);
    for (int i = 1; i < MANY; i += 2) {
        client_send_frame(many[i], TEXT, "hello", 5);
        client_expect(many[i], TEXT, "hello", 5);
    }
    for (int i = 0; i < MANY; i++) {
        client_free(many[i]);
    }
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    stop();
    ck_assert_uint_eq(seen.closes, MANY);
}
END_TEST

static void add_upgrade_tests(TCase *tests)
{
    tcase_add_test(tests, test_the_handler_learns_what_was_asked_for);
    tcase_add_test(tests, test_the_request_may_be_cut_anywhere_and_frames_may_follow_at_once);
    tcase_add_test(tests, test_the_request_may_come_a_byte_at_a_time);
    tcase_add_test(tests, test_a_handler_may_want_to_know_nothing);
}

static void add_refusal_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_a_request_that_cannot_be_served_is_refused, 0,
                        sizeof refusal_rows / sizeof *refusal_rows);
    tcase_add_test(tests, test_a_handler_may_refuse);
    tcase_add_test(tests, test_nothing_is_upgraded_while_stopping);
    tcase_add_test(tests, test_a_head_that_is_too_long_is_refused_before_its_end);
    tcase_add_test(tests, test_a_connection_over_the_limit_is_told_so);
}

static void add_cost_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_connection_is_small);
    tcase_add_test(tests, test_an_idle_connection_owns_nothing_else);
    tcase_add_test(tests, test_every_state_has_a_name);
    tcase_add_test(tests, test_many_connections_come_and_go);
}

int main(void)
{
    Suite *suite = suite_create("connections");

    add_upgrade_tests(suite_case(suite, "upgrade"));
    add_refusal_tests(suite_case(suite, "refusals"));
    add_cost_tests(suite_case(suite, "cost"));
    return suite_run(suite);
}

/*
 * Connections over TLS: what differs from plain ones is that bytes which the kernel has not taken
 * may be encrypted already, and that an end behind other bytes announces itself to nobody.
 */
#include "certificates.h"
#include "handlers/echo.h"
#include "handlers/registry.h"
#include "net_fixture.h"
#include "suite.h"

#include <signal.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    BINARY = FRAME_FIN | OPCODE_BINARY,
    CLOSE = FRAME_FIN | OPCODE_CLOSE,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG,
};

static struct tls_context *context;
static SSL_CTX *client_context;
static struct client *client;

static void connect_client(void)
{
    SSL *ssl = SSL_new(client_context);

    SSL_set_connect_state(ssl);
    client = client_connect(ssl);
    while (SSL_do_handshake(ssl) != 1) {
        net_turn();
    }
    client_upgrade(client, "localhost", "/x");
}

static void prepare(void)
{
    static struct echo_settings settings;

    (void)signal(SIGPIPE, SIG_IGN);
    context = make_tls_context();
    client_context = make_tls_client_context();
    net_start(&echo_handler, &settings);
    net.listener.tls = context;
    connect_client();
}

static void clean_up(void)
{
    client_free(client);
    net_stop();
    SSL_CTX_free(client_context);
    tls_context_free(context);
}

static const size_t sizes[] = {0, 1, 125, 4096, 16384, 65536, 65537, 500000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Takes a message that may come in fragments. */
static void expect_message(const uint8_t *payload, size_t length)
{
    size_t taken = 0;
    struct client_frame frame;

    do {
        frame = client_frame(client);
        ck_assert_uint_eq(frame.first_byte & 0x0f,
                          taken == 0 ? OPCODE_BINARY : OPCODE_CONTINUATION);
        ck_assert_uint_le(frame.length, length - taken);
        if (frame.length > 0) {
            ck_assert_mem_eq(frame.payload, payload + taken, frame.length);
        }
        taken += frame.length;
    } while ((frame.first_byte & FRAME_FIN) == 0);
    ck_assert_uint_eq(taken, length);
}

START_TEST(test_messages_of_all_sizes_are_echoed)
{
    uint8_t *payload = make_payload(sizes[_i]);

    for (int i = 0; i < 3; i++) {
        client_send_frame(client, BINARY, payload, sizes[_i]);
        expect_message(payload, sizes[_i]);
    }
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    ck_assert_ptr_null(client->conn->inbound);
    free(payload);
}
END_TEST

START_TEST(test_a_request_may_come_together_with_the_end_of_the_handshake)
{
    static const char request[] = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                                  "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                                  "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";
    SSL *ssl = SSL_new(client_context);

    client_free(client);
    SSL_set_connect_state(ssl);
    client = client_connect(ssl);
    while (SSL_do_handshake(ssl) != 1) {
        net_turn();
    }
    ck_assert_int_eq(client->conn->state, CONN_TLS_HANDSHAKE);
    client_send(client, request, sizeof request - 1);
    net_settle();
    client_receive(client);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 101", 12);
}
END_TEST

START_TEST(test_plain_http_gets_a_plain_answer)
{
    client_free(client);
    client = client_connect(NULL);
    client_send(client, "GET / HTTP/1.1\r\nHost: a\r\n\r\n", 27);
    net_settle();
    client_receive(client);
    ck_assert_ptr_nonnull(memmem(client->bytes, client->length, "HTTP/1.1 400", 12));
    ck_assert(client->finished);
}
END_TEST

/* ---- a backlog ---- */

enum { BULK_BYTES = 30000 };

/* Fills the kernel and leaves ciphertext that it has not taken. Returns how many messages. */
static unsigned fill(const uint8_t *bulk)
{
    unsigned sent = 0;

    client_squeeze(client);
    while (sent < 1000 && !transport_has_rest(&client->conn->transport)) {
        client_send_frame(client, BINARY, bulk, BULK_BYTES);
        net_settle();
        sent++;
    }
    ck_assert(transport_has_rest(&client->conn->transport));
    return sent;
}

START_TEST(test_a_backlog_arrives_whole_and_in_order)
{
    uint8_t *bulk = make_payload(BULK_BYTES);
    unsigned messages = fill(bulk);

    client_send_frame(client, TEXT, "last", 4);
    for (; messages > 0; messages--) {
        client_expect(client, BINARY, bulk, BULK_BYTES);
    }
    client_expect(client, TEXT, "last", 4);
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    free(bulk);
}
END_TEST

START_TEST(test_only_the_last_of_many_pings_is_answered_behind_what_is_encrypted)
{
    uint8_t *bulk = make_payload(BULK_BYTES);
    unsigned messages = fill(bulk);
    size_t waiting = client->conn->outbox->bytes;
    struct client_frame frame;

    for (uint8_t i = 0; i < 200; i++) {
        client_send_frame(client, PING, &i, 1);
        net_turn();
    }
    net_settle();
    ck_assert_uint_le(client->conn->outbox->bytes, waiting + 2 * 3);
    while ((frame = client_frame(client)).first_byte == BINARY) {
        ck_assert_mem_eq(frame.payload, bulk, BULK_BYTES);
        messages--;
    }
    ck_assert_uint_eq(frame.first_byte, PONG);
    ck_assert_uint_eq(frame.payload[0], 199);
    for (; messages > 0; messages--) {
        client_expect(client, BINARY, bulk, BULK_BYTES);
    }
    free(bulk);
}
END_TEST

/* What one callback gathered is encrypted in part: of that nothing may change. */
START_TEST(test_pongs_and_messages_of_one_callback_are_all_right_when_the_kernel_takes_a_part)
{
    enum { ROUNDS = 400, ROUND_BYTES = 200 };
    static uint8_t frames[ROUNDS * (ROUND_BYTES + 2 * FRAME_CLIENT_HEADER_MAX + 1)];
    uint8_t *payload = make_payload(ROUND_BYTES);
    size_t length = 0;
    unsigned answers = 0;

    client_squeeze(client);
    for (int i = 0; i < ROUNDS; i++) {
        const uint8_t number = (uint8_t)i;

        length += client_make_frame(frames + length, PING, &number, 1);
        length += client_make_frame(frames + length, BINARY, payload, ROUND_BYTES);
    }
    client_send(client, frames, length);
    while (answers < ROUNDS) {
        struct client_frame frame = client_frame(client);

        if (frame.first_byte == PONG) {
            ck_assert_uint_eq(frame.length, 1);
            continue;
        }
        ck_assert_uint_eq(frame.first_byte, BINARY);
        ck_assert_uint_eq(frame.length, ROUND_BYTES);
        ck_assert_mem_eq(frame.payload, payload, ROUND_BYTES);
        answers++;
    }
    free(payload);
}
END_TEST

/* All of a message has been encrypted and a part has gone: what waits is in the transport only. */
static uint8_t *leave_a_rest_only(void)
{
    uint8_t *bulk = make_payload(BULK_BYTES);

    client_squeeze(client);
    client_send_frame(client, BINARY, bulk, BULK_BYTES);
    net_settle();
    ck_assert(transport_has_rest(&client->conn->transport));
    ck_assert(client->conn->blocked);
    ck_assert_ptr_nonnull(client->conn->outbox);
    ck_assert(outbox_empty(client->conn->outbox));
    return bulk;
}

START_TEST(test_everything_goes_behind_what_is_encrypted)
{
    uint8_t *bulk = leave_a_rest_only();

    client_send_frame(client, TEXT, "text", 4);
    client_send_frame(client, PING, "ping", 4);
    client_send_frame(client, CLOSE, "\x03\xe8", 2);
    net_settle();
    client_expect(client, BINARY, bulk, BULK_BYTES);
    client_expect(client, PONG, "ping", 4);
    client_expect(client, TEXT, "text", 4);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    free(bulk);
}
END_TEST

START_TEST(test_the_outbox_goes_with_what_is_encrypted)
{
    uint8_t *bulk = leave_a_rest_only();

    client_expect(client, BINARY, bulk, BULK_BYTES);
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    ck_assert(!client->conn->blocked);
    client_send_frame(client, TEXT, "more", 4);
    client_expect(client, TEXT, "more", 4);
    free(bulk);
}
END_TEST

static bool is_gone(void)
{
    return net_connections() == 0;
}

START_TEST(test_a_client_that_takes_nothing_of_what_is_encrypted_is_dropped)
{
    uint8_t *bulk;

    net.snapshot.timeouts.send_ms = 50;
    bulk = leave_a_rest_only();
    net_turn_until(is_gone);
    ck_assert_uint_eq(counter_read(&net.loop->counters, COUNTER_SEND_TIMEOUTS), 1);
    free(bulk);
}
END_TEST

START_TEST(test_a_failure_finishes_what_is_encrypted)
{
    const uint8_t unmasked[] = {TEXT, 0};
    uint8_t *bulk = make_payload(BULK_BYTES);
    struct client_frame frame;

    fill(bulk);
    client_send(client, unmasked, sizeof unmasked);
    net_settle();
    while ((frame = client_frame(client)).first_byte == BINARY) {
        ck_assert_uint_eq(frame.length, BULK_BYTES);
        ck_assert_mem_eq(frame.payload, bulk, BULK_BYTES);
    }
    ck_assert_uint_eq(frame.first_byte, CLOSE);
    ck_assert_uint_eq(frame.payload[0] << 8 | frame.payload[1], CLOSE_PROTOCOL_ERROR);
    client_expect_end(client);
    free(bulk);
}
END_TEST

/* ---- ends ---- */

START_TEST(test_closing_says_close_notify)
{
    client_send_frame(client, CLOSE, "\x03\xe8", 2);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    ck_assert_int_eq(SSL_get_shutdown(client->ssl) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    SSL_shutdown(client->ssl);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
}
END_TEST

START_TEST(test_a_client_s_close_notify_ends_an_open_connection)
{
    SSL_shutdown(client->ssl);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
}
END_TEST

/* More messages than a callback's budget, and the end right behind them: no readiness will tell. */
START_TEST(test_an_end_behind_more_than_one_portion_is_noticed)
{
    enum { MESSAGES = 3 * LOOP_DELIVERIES_MAX };
    static uint8_t frames[MESSAGES * 6];
    size_t length = 0;

    for (int i = 0; i < MESSAGES; i++) {
        length += client_make_frame(frames + length, BINARY, "", 0);
    }
    client_send(client, frames, length);
    SSL_shutdown(client->ssl);
    net_settle();
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
}
END_TEST

START_TEST(test_garbage_ends_the_connection)
{
    ck_assert_int_gt(send(client->fd, "this is not a record at all", 27, 0), 0);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
}
END_TEST

START_TEST(test_keys_may_be_changed_while_there_is_a_backlog)
{
    uint8_t *bulk = make_payload(BULK_BYTES);
    unsigned messages = fill(bulk);

    ck_assert_int_eq(SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
    client_send_frame(client, TEXT, "last", 4);
    net_settle();
    for (; messages > 0; messages--) {
        client_expect(client, BINARY, bulk, BULK_BYTES);
    }
    client_expect(client, TEXT, "last", 4);
    free(bulk);
}
END_TEST

/* OpenSSL answers by itself: of that the connection learns behind the read. */
START_TEST(test_an_answer_with_new_keys_waits_for_room)
{
    enum { UPDATES = 3 };
    uint8_t *bulk = make_payload(BULK_BYTES);

    client_send_frame(client, BINARY, bulk, BULK_BYTES);
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    client_squeeze(client); /* to less than is on its way */
    for (int i = 0; i < UPDATES; i++) {
        ck_assert_int_eq(SSL_key_update(client->ssl, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(client->ssl), 1);
    }
    net_settle();
    ck_assert(transport_has_rest(&client->conn->transport));
    ck_assert(client->conn->blocked);
    ck_assert_ptr_nonnull(client->conn->outbox);
    client_expect(client, BINARY, bulk, BULK_BYTES);
    client_send_frame(client, TEXT, "last", 4);
    client_expect(client, TEXT, "last", 4);
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    free(bulk);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name)
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, prepare, clean_up);
    suite_add_tcase(suite, tests);
    return tests;
}

static void add_message_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_messages_of_all_sizes_are_echoed, 0, SIZES);
    tcase_add_test(tests, test_a_request_may_come_together_with_the_end_of_the_handshake);
    tcase_add_test(tests, test_plain_http_gets_a_plain_answer);
}

static void add_backlog_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_backlog_arrives_whole_and_in_order);
    tcase_add_test(tests, test_only_the_last_of_many_pings_is_answered_behind_what_is_encrypted);
    tcase_add_test(
        tests, test_pongs_and_messages_of_one_callback_are_all_right_when_the_kernel_takes_a_part);
    tcase_add_test(tests, test_everything_goes_behind_what_is_encrypted);
    tcase_add_test(tests, test_the_outbox_goes_with_what_is_encrypted);
    tcase_add_test(tests, test_a_client_that_takes_nothing_of_what_is_encrypted_is_dropped);
    tcase_add_test(tests, test_a_failure_finishes_what_is_encrypted);
    tcase_add_test(tests, test_keys_may_be_changed_while_there_is_a_backlog);
    tcase_add_test(tests, test_an_answer_with_new_keys_waits_for_room);
}

static void add_end_tests(TCase *tests)
{
    tcase_add_test(tests, test_closing_says_close_notify);
    tcase_add_test(tests, test_a_client_s_close_notify_ends_an_open_connection);
    tcase_add_test(tests, test_an_end_behind_more_than_one_portion_is_noticed);
    tcase_add_test(tests, test_garbage_ends_the_connection);
}

int main(void)
{
    Suite *suite = suite_create("connections over TLS");
    int result;

    add_message_tests(add_case(suite, "messages"));
    add_backlog_tests(add_case(suite, "backlog"));
    add_end_tests(add_case(suite, "ends"));
    certificates_make();
    result = suite_run(suite);
    certificates_remove();
    return result;
}

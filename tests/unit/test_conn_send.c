/*
 * What handlers send: its order, what is not copied, and streamed messages.
 */
#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    BINARY = FRAME_FIN | OPCODE_BINARY,
    LAST = FRAME_FIN | OPCODE_CONTINUATION,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG,
};

/* ---- a handler that does what a test tells it to ---- */

/* A message as the callback was given it. */
struct given {
    struct conn *conn;
    enum message_type type;
    const uint8_t *bytes;
    size_t length;
};

static void (*act)(const struct given *message);
static unsigned closes;
static struct client *client;

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    act(&(struct given){conn, type, bytes, length});
}

static void take_close(struct conn *conn)
{
    (void)conn;
    closes++;
}

static const struct handler handler = {
    .schema = {.name = "test"},
    .on_message = take_message,
    .on_close = take_close,
};

static void start(void (*what)(const struct given *message))
{
    act = what;
    net_start(&handler, NULL);
    client = client_open("/x");
}

static void stop(void)
{
    client_free(client);
    net_stop();
    ck_assert_uint_eq(closes, 1);
}

static void send_text(struct conn *conn, const char *text)
{
    ck_assert_int_eq(conn_send(conn, MESSAGE_TEXT, (const uint8_t *)text, strlen(text)),
                     SEND_QUEUED);
}

static void send_back(const struct given *message)
{
    ck_assert_int_eq(conn_send(message->conn, message->type, message->bytes, message->length),
                     SEND_QUEUED);
}

static void expect_text(const char *text)
{
    client_expect(client, TEXT, text, strlen(text));
}

/* ---- the bytes that the callback was given ---- */

static void send_back_in_place(const struct given *message)
{
    const struct output *output = &message->conn->loop->output;
    size_t used = output->used;

    ck_assert_ptr_eq(message->bytes, output->bytes + used + frame_header_size(message->length));
    send_back(message);
    ck_assert_uint_eq(output->used, used + frame_header_size(message->length) + message->length);
    ck_assert_ptr_null(message->conn->outbox);
}

START_TEST(test_a_payload_that_is_sent_back_stays_where_it_was_unmasked)
{
    uint8_t frames[256];
    size_t length = client_make_frame(frames, TEXT, "one", 3);

    length += client_make_frame(frames + length, PING, "ping", 4);
    length += client_make_frame(frames + length, BINARY, "", 0);
    length += client_make_frame(frames + length, TEXT, "three", 5);
    start(send_back_in_place);
    client_send(client, frames, length);
    expect_text("one");
    client_expect(client, PONG, "ping", 4);
    client_expect(client, BINARY, "", 0);
    expect_text("three");
    stop();
}
END_TEST

static void send_twice(const struct given *message)
{
    send_back(message);
    send_back(message);
}

static void send_around(const struct given *message)
{
    send_text(message->conn, "before");
    send_back(message);
    send_text(message->conn, "after");
}

static void send_behind(const struct given *message)
{
    send_back(message);
    send_text(message->conn, "after");
}

/* A part of what was given, and of what lies at its end. */
static void send_parts(const struct given *message)
{
    size_t half = message->length / 2;

    conn_send(message->conn, message->type, message->bytes, half);
    conn_send(message->conn, message->type, message->bytes + half, message->length - half);
    send_back(message);
}

/* Sizes on both sides of where a payload is no longer unmasked into the output buffer. */
static const size_t sizes[] = {0, 1, 125, 126, 4096, 4097, 65536, 200000, 500000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Sends three messages in one go and has each answer checked. */
static void exchange(size_t length, void (*expect)(const uint8_t *payload, size_t length))
{
    uint8_t *payload = make_payload(length);
    uint8_t *frames = malloc(3 * (length + FRAME_CLIENT_HEADER_MAX));
    size_t used = 0;

    ck_assert_ptr_nonnull(frames);
    net.route.config.settings.send_queue_bytes = 64 << 20;
    for (int i = 0; i < 3; i++) {
        used += client_make_frame(frames + used, BINARY, payload, length);
    }
    client_send(client, frames, used);
    for (int i = 0; i < 3; i++) {
        expect(payload, length);
    }
    free(frames);
    free(payload);
}

static void expect_twice(const uint8_t *payload, size_t length)
{
    client_expect(client, BINARY, payload, length);
    client_expect(client, BINARY, payload, length);
}

static void expect_around(const uint8_t *payload, size_t length)
{
    expect_text("before");
    client_expect(client, BINARY, payload, length);
    expect_text("after");
}

static void expect_behind(const uint8_t *payload, size_t length)
{
    client_expect(client, BINARY, payload, length);
    expect_text("after");
}

static void expect_parts(const uint8_t *payload, size_t length)
{
    client_expect(client, BINARY, payload, length / 2);
    client_expect(client, BINARY, payload + length / 2, length - length / 2);
    client_expect(client, BINARY, payload, length);
}

START_TEST(test_the_same_bytes_may_be_sent_twice)
{
    start(send_twice);
    exchange(sizes[_i], expect_twice);
    stop();
}
END_TEST

START_TEST(test_other_messages_before_and_after_keep_their_order)
{
    start(send_around);
    exchange(sizes[_i], expect_around);
    stop();
}
END_TEST

START_TEST(test_other_messages_behind_keep_their_order)
{
    start(send_behind);
    exchange(sizes[_i], expect_behind);
    stop();
}
END_TEST

START_TEST(test_parts_of_the_bytes_may_be_sent)
{
    start(send_parts);
    exchange(sizes[_i], expect_parts);
    stop();
}
END_TEST

/* ---- what was given stays as it is during the call ---- */

static uint8_t *expected_payload;

static void check_given(const struct given *message)
{
    ck_assert_mem_eq(message->bytes, expected_payload, message->length);
}

static void send_and_look(const struct given *message)
{
    send_text(message->conn, "before");
    check_given(message);
    send_back(message);
    check_given(message);
    send_text(message->conn, "after");
    check_given(message);
}

static void close_and_look(const struct given *message)
{
    send_text(message->conn, "before");
    conn_close(message->conn, CLOSE_NORMAL, "the test says so");
    check_given(message);
}

static void fail_and_look(const struct given *message)
{
    conn_close(message->conn, CLOSE_INTERNAL_ERROR, "the test says so, in a sentence");
    check_given(message);
}

static void send_fail_and_look(const struct given *message)
{
    send_back(message);
    conn_close(message->conn, CLOSE_INTERNAL_ERROR, "the test says so, in a sentence");
    check_given(message);
}

static void (*const lookers[])(const struct given *message) = {send_and_look, close_and_look,
                                                               fail_and_look, send_fail_and_look};
enum { LOOKERS = sizeof lookers / sizeof *lookers };

START_TEST(test_the_bytes_given_to_a_callback_stay_as_they_are_until_it_returns)
{
    size_t length = sizes[_i / LOOKERS];

    expected_payload = make_payload(length);
    start(lookers[_i % LOOKERS]);
    client_send_frame(client, BINARY, expected_payload, length);
    client_frame(client);
    net_settle();
    free(expected_payload);
    stop();
}
END_TEST

/* ---- one system call for a callback ---- */

/* Packets keep what one system call has sent apart from what others have. */
static size_t packet_bytes(int fd)
{
    static uint8_t packet[OUTPUT_BYTES];
    ssize_t length = recv(fd, packet, sizeof packet, 0);

    ck_assert_int_gt(length, 0);
    return (size_t)length;
}

START_TEST(test_what_a_callback_sends_leaves_in_one_call)
{
    void (*const senders[])(const struct given *message) = {send_behind, send_around, send_twice};
    static const size_t answer_bytes[] = {3 * (3 + 7), 3 * (8 + 3 + 7), 3 * (3 + 3)};
    uint8_t frames[64];
    size_t length = 0;

    net_socket_type = SOCK_SEQPACKET;
    start(senders[_i]);
    for (int i = 0; i < 3; i++) {
        length += client_make_frame(frames + length, BINARY, "x", 1);
    }
    client_send(client, frames, length);
    net_settle();
    ck_assert_uint_eq(packet_bytes(client->fd), answer_bytes[_i]);
    stop();
}
END_TEST

/* ---- streamed messages ---- */

/* The message tells what to do: begin, whole, chunk, end. */
static void follow_orders(const struct given *message)
{
    const uint8_t *letter = message->bytes + 1;
    enum send_result result = SEND_CLOSED;

    switch (message->bytes[0]) {
    case 'b':
        result = conn_send_begin(message->conn, MESSAGE_BINARY);
        break;
    case 'w':
        result = conn_send(message->conn, MESSAGE_TEXT, letter, 1);
        break;
    case 'c':
        result = conn_send_chunk(message->conn, letter, 1);
        break;
    case 'e':
        result = conn_send_end(message->conn, letter, 1);
        break;
    }
    ck_assert_int_eq(result, SEND_QUEUED);
}

/* Gives orders of two letters each, in one read or in one for each. */
static void order(const char *orders, bool at_once)
{
    uint8_t frames[512];
    size_t length = 0;

    for (; *orders != '\0'; orders += 2) {
        length += client_make_frame(frames + length, TEXT, orders, 2);
        if (!at_once) {
            client_send(client, frames, length);
            net_settle();
            length = 0;
        }
    }
    client_send(client, frames, length);
    net_settle();
}

START_TEST(test_whole_messages_wait_for_the_end_of_a_streamed_one)
{
    start(follow_orders);
    order("w1b.c2w3c4w5e6w7b.e8", _i == 0);
    expect_text("1");
    client_expect(client, OPCODE_BINARY, "2", 1);
    client_expect(client, OPCODE_CONTINUATION, "4", 1);
    client_expect(client, LAST, "6", 1);
    expect_text("3");
    expect_text("5");
    expect_text("7");
    client_expect(client, BINARY, "8", 1);
    ck_assert_uint_eq(client->conn->messages_out, 6);
    ck_assert_ptr_null(client->conn->outbox);
    stop();
}
END_TEST

START_TEST(test_a_ping_is_answered_between_the_parts_of_a_streamed_message)
{
    start(follow_orders);
    order("b.c1w2", false);
    client_send_frame(client, PING, "?", 1);
    net_settle();
    order("e3", false);
    client_expect(client, OPCODE_BINARY, "1", 1);
    client_expect(client, PONG, "?", 1);
    client_expect(client, LAST, "3", 1);
    expect_text("2");
    stop();
}
END_TEST

START_TEST(test_a_close_drops_what_waits_for_the_end_of_a_streamed_message)
{
    start(follow_orders);
    order("b.c1w2w3", false);
    if (_i == 0) {
        conn_stop(client->conn);
    } else {
        client_send_frame(client, FRAME_FIN | OPCODE_CLOSE, "\x03\xe9", 2);
    }
    client_expect(client, OPCODE_BINARY, "1", 1);
    client_expect_close(client, CLOSE_GOING_AWAY);
    if (_i == 0) {
        client_send_frame(client, FRAME_FIN | OPCODE_CLOSE, "\x03\xe9", 2);
    }
    client_expect_end(client);
    client_close(client);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    stop();
}
END_TEST

static void add_own_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_payload_that_is_sent_back_stays_where_it_was_unmasked);
    tcase_add_loop_test(tests, test_the_same_bytes_may_be_sent_twice, 0, SIZES);
    tcase_add_loop_test(tests, test_other_messages_before_and_after_keep_their_order, 0, SIZES);
    tcase_add_loop_test(tests, test_other_messages_behind_keep_their_order, 0, SIZES);
    tcase_add_loop_test(tests, test_parts_of_the_bytes_may_be_sent, 0, SIZES);
    tcase_add_loop_test(tests, test_the_bytes_given_to_a_callback_stay_as_they_are_until_it_returns,
                        0, SIZES * LOOKERS);
    tcase_add_loop_test(tests, test_what_a_callback_sends_leaves_in_one_call, 0, 3);
}

static void add_stream_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_whole_messages_wait_for_the_end_of_a_streamed_one, 0, 2);
    tcase_add_test(tests, test_a_ping_is_answered_between_the_parts_of_a_streamed_message);
    tcase_add_loop_test(tests, test_a_close_drops_what_waits_for_the_end_of_a_streamed_message, 0,
                        2);
}

int main(void)
{
    Suite *suite = suite_create("sending");

    add_own_tests(suite_case(suite, "the callback's own bytes"));
    add_stream_tests(suite_case(suite, "streamed messages"));
    return suite_run(suite);
}

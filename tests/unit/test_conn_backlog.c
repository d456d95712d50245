/*
 * A peer that does not read: what waits for it, how much of that, and who is told.
 */
#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum {
    BINARY = FRAME_FIN | OPCODE_BINARY,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG,
    TEXT = FRAME_FIN | OPCODE_TEXT,
};

static void (*act)(struct conn *conn, const uint8_t *bytes, size_t length);
static unsigned writables;
static struct client *client;

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    (void)type;
    act(conn, bytes, length);
}

static void take_writable(struct conn *conn)
{
    ck_assert(!conn->congested);
    writables++;
}

static const struct handler handler = {
    .schema = {.name = "test"},
    .on_message = take_message,
    .on_writable = take_writable,
};

static void start(void (*what)(struct conn *conn, const uint8_t *bytes, size_t length))
{
    act = what;
    net_start(&handler, NULL);
    client = client_open("/x");
}

static void stop(void)
{
    client_free(client);
    net_stop();
}

enum { BULK_BYTES = 30000 };

static unsigned queued;
static enum send_result last_result;

/* Sends until the queue is full. */
static void fill_queue(struct conn *conn, const uint8_t *bytes, size_t length)
{
    uint8_t *bulk = make_payload(BULK_BYTES);

    (void)bytes;
    (void)length;
    last_result = SEND_QUEUED;
    while (queued < 1000 && send_was_queued(last_result)) {
        last_result = conn_send(conn, MESSAGE_BINARY, bulk, BULK_BYTES);
        queued += send_was_queued(last_result);
    }
    free(bulk);
}

static void send_one_bulk(struct conn *conn, const uint8_t *bytes, size_t length)
{
    uint8_t *bulk = make_payload(BULK_BYTES);

    (void)bytes;
    (void)length;
    last_result = conn_send(conn, MESSAGE_BINARY, bulk, BULK_BYTES);
    queued += send_was_queued(last_result);
    if (send_was_queued(last_result)) {
        ck_assert_int_eq(last_result, conn->congested ? SEND_CONGESTED : SEND_QUEUED);
    }
    free(bulk);
}

/* Has one message of bulk sent for each of ours until the queue is full. */
static void fill_one_by_one(void)
{
    while (queued < 1000 && (queued == 0 || send_was_queued(last_result))) {
        client_send_frame(client, TEXT, "more", 4);
        net_settle();
    }
}

static void expect_bulk(void)
{
    uint8_t *bulk = make_payload(BULK_BYTES);

    for (; queued > 0; queued--) {
        client_expect(client, BINARY, bulk, BULK_BYTES);
    }
    free(bulk);
}

START_TEST(test_a_full_queue_refuses_and_loses_nothing)
{
    const size_t limit = 200000;

    start(_i == 0 ? fill_queue : send_one_bulk);
    net.route.config.settings.send_queue_bytes = limit;
    client_squeeze(client);
    if (_i == 0) {
        client_send_frame(client, TEXT, "fill", 4);
        net_settle();
    } else {
        fill_one_by_one();
    }
    ck_assert_int_eq(last_result, SEND_TOO_SLOW);
    ck_assert_uint_ge(queued, limit / BULK_BYTES);
    ck_assert_uint_le(client->conn->outbox->bytes, limit + OUTPUT_BYTES + BULK_BYTES);
    ck_assert_int_eq(client->conn->state, CONN_OPEN);
    expect_bulk();
    net_settle();
    ck_assert_ptr_null(client->conn->outbox);
    stop();
}
END_TEST

START_TEST(test_the_queue_is_as_long_as_what_the_kernel_has_not_taken)
{
    size_t wire_bytes;

    start(send_one_bulk);
    client_squeeze(client);
    fill_one_by_one();
    wire_bytes = queued * (BULK_BYTES + frame_header_size(BULK_BYTES));
    client_receive(client);
    ck_assert_uint_eq(client->length - client->taken + client->conn->outbox->bytes, wire_bytes);
    expect_bulk();
    stop();
}
END_TEST

START_TEST(test_a_handler_learns_once_that_it_may_write_again)
{
    start(send_one_bulk);
    net.route.config.settings.send_queue_bytes = 200000;
    client_squeeze(client);
    fill_one_by_one();
    ck_assert(client->conn->congested);
    ck_assert_uint_eq(writables, 0);
    while (client->conn->outbox != NULL && client->conn->outbox->bytes > 200000 / 4) {
        ck_assert(client->conn->congested);
        ck_assert_uint_eq(writables, 0);
        client_receive(client);
        net_turn();
    }
    net_settle();
    ck_assert(!client->conn->congested);
    ck_assert_uint_eq(writables, 1);
    expect_bulk();
    net_settle();
    ck_assert_uint_eq(writables, 1);
    stop();
}
END_TEST

START_TEST(test_a_ping_is_answered_at_the_next_frame_of_a_backlog_and_only_the_last_one)
{
    uint8_t *bulk = make_payload(BULK_BYTES);
    unsigned before = 0;
    struct client_frame frame;

    start(send_one_bulk);
    client_squeeze(client);
    fill_one_by_one();
    for (uint8_t i = 0; i < 100; i++) {
        client_send_frame(client, PING, &i, 1);
        net_settle();
    }
    while ((frame = client_frame(client)).first_byte == BINARY) {
        ck_assert_mem_eq(frame.payload, bulk, BULK_BYTES);
        before++;
    }
    ck_assert_uint_eq(frame.first_byte, PONG);
    ck_assert_uint_eq(frame.payload[0], 99);
    ck_assert_uint_le(before, 3);
    queued -= before;
    expect_bulk();
    ck_assert(!client_has_frame(client));
    free(bulk);
    stop();
}
END_TEST

static void send_back(struct conn *conn, const uint8_t *bytes, size_t length)
{
    ck_assert_int_eq(conn_send(conn, MESSAGE_BINARY, bytes, length), SEND_QUEUED);
}

/* Pings and messages in one go; what comes back is more than the kernel takes. */
START_TEST(test_no_answer_is_lost_when_the_kernel_takes_a_part)
{
    enum { ROUNDS = 400, ROUND_BYTES = 200 };
    static uint8_t frames[ROUNDS * (ROUND_BYTES + 2 * FRAME_CLIENT_HEADER_MAX + 1)];
    uint8_t *payload = make_payload(ROUND_BYTES);
    size_t length = 0;
    unsigned answers = 0;
    unsigned last_pong = 0;

    start(send_back);
    client_squeeze(client);
    for (int i = 0; i < ROUNDS; i++) {
        const uint8_t number = (uint8_t)(i % 200);

        length += client_make_frame(frames + length, PING, &number, 1);
        length += client_make_frame(frames + length, BINARY, payload, ROUND_BYTES);
    }
    client_send(client, frames, length);
    net_settle();
    while (answers < ROUNDS || last_pong != (ROUNDS - 1) % 200) {
        struct client_frame frame = client_frame(client);

        if (frame.first_byte == PONG) {
            last_pong = frame.payload[0];
        } else {
            ck_assert_uint_eq(frame.length, ROUND_BYTES);
            ck_assert_mem_eq(frame.payload, payload, ROUND_BYTES);
            answers++;
        }
    }
    ck_assert(!client_has_frame(client));
    free(payload);
    stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("backlog");
    TCase *tests = suite_case(suite, "a peer that does not read");

    tcase_add_loop_test(tests, test_a_full_queue_refuses_and_loses_nothing, 0, 2);
    tcase_add_test(tests, test_the_queue_is_as_long_as_what_the_kernel_has_not_taken);
    tcase_add_test(tests, test_a_handler_learns_once_that_it_may_write_again);
    tcase_add_test(tests,
                   test_a_ping_is_answered_at_the_next_frame_of_a_backlog_and_only_the_last_one);
    tcase_add_test(tests, test_no_answer_is_lost_when_the_kernel_takes_a_part);
    return suite_run(suite);
}

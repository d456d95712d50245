/*
 * From received bytes to the handler: however they are cut, however many there are.
 */
#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    BINARY = FRAME_FIN | OPCODE_BINARY,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG,
};

enum { CALLS_MAX = 2 * LOOP_DELIVERIES_MAX, BYTES_MAX = 4 << 20 };

/* ---- a handler that writes down what it is given ---- */

/* One call of on_message or on_chunk. */
struct call {
    const struct conn *conn;
    enum message_type type;
    bool first;
    bool last;
    size_t length;
};

static struct {
    struct call calls[CALLS_MAX];
    size_t count;
    uint8_t bytes[BYTES_MAX]; /* of all calls, one behind the other */
    size_t length;
    size_t pause_at;   /* the call in which reading is paused; 0: never */
    size_t hang_up_at; /* the call in which the peer vanishes; 0: never */
    unsigned closes;
    size_t largest_portion; /* of the budget, spent by one callback */
} seen;

static struct client *client;

static void write_down(const struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length, bool first, bool last)
{
    ck_assert_uint_lt(seen.count, CALLS_MAX);
    ck_assert_uint_le(length, BYTES_MAX - seen.length);
    seen.calls[seen.count++] = (struct call){conn, type, first, last, length};
    memcpy(seen.bytes + seen.length, bytes, length);
    seen.length += length;
    if (seen.largest_portion < conn->loop->deliveries) {
        seen.largest_portion = conn->loop->deliveries;
    }
}

static void take_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length, bool first, bool last)
{
    write_down(conn, type, bytes, length, first, last);
    if (seen.count == seen.pause_at) {
        conn_pause(conn);
    }
    if (seen.count == seen.hang_up_at) {
        client_close(client);
    }
}

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    take_chunk(conn, type, bytes, length, true, true);
}

static void take_and_answer(struct conn *conn, enum message_type type, const uint8_t *bytes,
                            size_t length)
{
    take_message(conn, type, bytes, length);
    conn_send(conn, type, bytes, length);
}

static void take_close(struct conn *conn)
{
    seen.closes++;
    conn_resume(conn);
}

static const struct handler message_handler = {
    .schema = {.name = "messages"}, .on_message = take_message, .on_close = take_close};
static const struct handler chunk_handler = {
    .schema = {.name = "chunks"}, .on_chunk = take_chunk, .on_close = take_close};
static const struct handler answering_handler = {
    .schema = {.name = "answers"}, .on_message = take_and_answer, .on_close = take_close};

static void start(const struct handler *handler)
{
    net_start(handler, NULL);
    client = client_open("/x");
}

static void stop(void)
{
    client_free(client);
    net_stop();
}

static void forget_calls(void)
{
    seen.count = 0;
    seen.length = 0;
}

/* ---- cut anywhere ---- */

/* Every kind of frame there is, a control frame within a message among them. */
static size_t make_sample(uint8_t *target)
{
    static const uint8_t long_payload[130] = "long";
    size_t length = client_make_frame(target, TEXT, "h\xc3\xa4\xc3\xb6llo", 8);

    length += client_make_frame(target + length, BINARY, "", 0);
    length += client_make_frame(target + length, OPCODE_TEXT, "\xe2\x82", 2);
    length += client_make_frame(target + length, PING, "ping", 4);
    length += client_make_frame(target + length, OPCODE_CONTINUATION, "\xac", 1);
    length += client_make_frame(target + length, OPCODE_CONTINUATION, "", 0);
    length += client_make_frame(target + length, FRAME_FIN | OPCODE_CONTINUATION, "!", 1);
    length += client_make_frame(target + length, PONG, "", 0);
    length += client_make_frame(target + length, BINARY, long_payload, sizeof long_payload);
    return length;
}

static void check_sample(void)
{
    static const struct call expected[] = {
        {NULL, MESSAGE_TEXT, true, true, 8},
        {NULL, MESSAGE_BINARY, true, true, 0},
        {NULL, MESSAGE_TEXT, true, true, 4},
        {NULL, MESSAGE_BINARY, true, true, 130},
    };

    ck_assert_uint_eq(seen.count, 4);
    for (size_t i = 0; i < 4; i++) {
        ck_assert_int_eq(seen.calls[i].type, expected[i].type);
        ck_assert_uint_eq(seen.calls[i].length, expected[i].length);
        ck_assert(seen.calls[i].first && seen.calls[i].last);
    }
    ck_assert_mem_eq(seen.bytes, "h\xc3\xa4\xc3\xb6llo\xe2\x82\xac!long", 16);
    client_expect(client, PONG, "ping", 4);
    ck_assert(!client_has_frame(client));
}

static const struct handler *const both_handlers[] = {&message_handler, &chunk_handler};

START_TEST(test_frames_may_be_cut_at_any_byte)
{
    uint8_t frames[512];
    size_t length = make_sample(frames);

    start(both_handlers[_i]);
    for (size_t cut = 0; cut <= length; cut++) {
        forget_calls();
        client_send(client, frames, cut);
        net_turn();
        client_send(client, frames + cut, length - cut);
        net_turn();
        check_sample();
        ck_assert_ptr_null(client->conn->inbound);
    }
    stop();
}
END_TEST

START_TEST(test_frames_may_come_a_byte_at_a_time)
{
    uint8_t frames[512];
    size_t length = make_sample(frames);

    start(both_handlers[_i]);
    for (size_t i = 0; i < length; i++) {
        client_send(client, frames + i, 1);
        net_turn();
    }
    check_sample();
    ck_assert_ptr_null(client->conn->inbound);
    stop();
}
END_TEST

/* ---- messages of all sizes, whole and as they arrive ---- */

static const size_t sizes[] = {0,     1,     125,   126,    4095,   4096,   4097,   65535,
                               65536, 65537, 81920, 131072, 131073, 300000, 2000000};
enum { SIZES = sizeof sizes / sizeof *sizes };

/* Sends a message in frames of at most `fragment` bytes. */
static void send_fragments(const uint8_t *payload, size_t length, size_t fragment)
{
    uint8_t opcode = OPCODE_TEXT;

    while (length > fragment) {
        client_send_frame(client, opcode, payload, fragment);
        payload += fragment;
        length -= fragment;
        opcode = OPCODE_CONTINUATION;
    }
    client_send_frame(client, FRAME_FIN | opcode, payload, length);
}

static void check_bytes(const uint8_t *payload, size_t length)
{
    ck_assert_uint_eq(seen.length, length);
    ck_assert_mem_eq(seen.bytes, payload, length);
}

static const size_t fragments[] = {SIZE_MAX, 100000, 5000, 333};
enum { FRAGMENTS = sizeof fragments / sizeof *fragments };

START_TEST(test_a_message_comes_whole)
{
    uint8_t *payload = make_payload(sizes[_i]);

    start(&message_handler);
    for (int i = 0; i < FRAGMENTS; i++) {
        forget_calls();
        send_fragments(payload, sizes[_i], fragments[i]);
        net_settle();
        ck_assert_uint_eq(seen.count, 1);
        check_bytes(payload, sizes[_i]);
        ck_assert_ptr_null(client->conn->inbound);
    }
    free(payload);
    stop();
}
END_TEST

/* What handler.h promises of the chunks of a message of `length` bytes. */
static void check_chunks(size_t length)
{
    ck_assert_uint_ge(seen.count, 1);
    if (length <= CHUNK_WHOLE_BYTES) {
        ck_assert_uint_eq(seen.count, 1);
    }
    for (size_t i = 0; i < seen.count; i++) {
        ck_assert_int_eq(seen.calls[i].type, MESSAGE_TEXT);
        ck_assert_int_eq(seen.calls[i].first, i == 0);
        ck_assert_int_eq(seen.calls[i].last, i == seen.count - 1);
        ck_assert(seen.calls[i].last || seen.calls[i].length >= CHUNK_LEAST_BYTES);
    }
}

START_TEST(test_a_message_comes_in_chunks)
{
    uint8_t *payload = make_payload(sizes[_i]);

    start(&chunk_handler);
    for (int i = 0; i < FRAGMENTS; i++) {
        forget_calls();
        send_fragments(payload, sizes[_i], fragments[i]);
        net_settle();
        check_chunks(sizes[_i]);
        check_bytes(payload, sizes[_i]);
        ck_assert_ptr_null(client->conn->inbound);
    }
    free(payload);
    stop();
}
END_TEST

START_TEST(test_a_long_message_does_not_wait_for_its_end)
{
    static uint8_t frame[1000000 + FRAME_CLIENT_HEADER_MAX];
    uint8_t *payload = make_payload(1000000);

    start(&chunk_handler);
    client_make_frame(frame, BINARY, payload, 1000000);
    client_send(client, frame, 500000);
    net_settle();
    ck_assert_uint_ge(seen.length, 500000 - FRAME_CLIENT_HEADER_MAX - CHUNK_LEAST_BYTES);
    ck_assert_mem_eq(seen.bytes, payload, seen.length);
    free(payload);
    stop();
}
END_TEST

START_TEST(test_memory_grows_with_what_has_arrived_and_not_with_what_was_declared)
{
    uint8_t frame[FRAME_CLIENT_HEADER_MAX + 100];
    static const uint8_t payload[100];

    start(&message_handler);
    client_make_frame(frame, BINARY, payload, sizeof payload);
    frame[1] = FRAME_MASKED | 127;
    memcpy(frame + 2, "\0\0\0\0\0\xf0\0\0", 8); /* 15 MiB */
    client_send(client, frame, sizeof frame);
    net_settle();
    ck_assert_ptr_nonnull(client->conn->inbound);
    ck_assert_uint_le(client->conn->inbound->assembly->capacity, 512);
    stop();
}
END_TEST

/* ---- fairness ---- */

/* More frames than the budget, no more than one socket holds and one read takes. */
enum { MANY = LOOP_DELIVERIES_MAX / 8 * 9 };
_Static_assert(MANY * 7 <= INPUT_BYTES, "one read takes them");

/* Sends messages of one byte, all at once. */
static void send_many(struct client *sender, size_t count)
{
    uint8_t *frames = malloc(count * 7);
    size_t length = 0;

    ck_assert_ptr_nonnull(frames);
    for (size_t i = 0; i < count; i++) {
        const uint8_t byte = (uint8_t)i;

        length += client_make_frame(frames + length, BINARY, &byte, 1);
    }
    client_send(sender, frames, length);
    free(frames);
}

START_TEST(test_a_read_with_more_frames_than_the_budget_is_taken_in_portions)
{
    start(&message_handler);
    send_many(client, MANY);
    net_settle();
    ck_assert_uint_eq(seen.count, MANY);
    ck_assert_uint_eq(seen.largest_portion, LOOP_DELIVERIES_MAX);
    for (size_t i = 0; i < seen.count; i++) {
        ck_assert_uint_eq(seen.bytes[i], (uint8_t)i);
    }
    ck_assert_ptr_null(client->conn->inbound);
    stop();
}
END_TEST

START_TEST(test_others_get_their_turn_between_two_portions_of_a_greedy_peer)
{
    struct client *other;
    size_t position = 0;

    start(&message_handler);
    other = client_open("/x");
    send_many(client, MANY);
    send_many(other, 1);
    net_settle();
    ck_assert_uint_eq(seen.count, MANY + 1);
    while (seen.calls[position].conn != other->conn) {
        position++;
    }
    ck_assert_uint_le(position, LOOP_DELIVERIES_MAX);
    client_free(other);
    stop();
}
END_TEST

START_TEST(test_order_is_kept_when_more_arrives_than_the_budget_lets_through)
{
    start(&message_handler);
    for (size_t i = 0; i < 2000; i++) {
        send_many(client, 1);
    }
    send_many(client, 1);
    net_turn();
    send_many(client, 1);
    net_settle();
    ck_assert_uint_eq(seen.count, 2002);
    stop();
}
END_TEST

/* ---- pausing ---- */

static void resume(void)
{
    conn_enter(client->conn);
    conn_resume(client->conn);
    conn_leave(client->conn);
}

START_TEST(test_a_paused_connection_gets_the_rest_when_it_is_resumed)
{
    start(both_handlers[_i]);
    seen.pause_at = 2;
    send_many(client, 5);
    net_settle();
    ck_assert_uint_eq(seen.count, 2);
    send_many(client, 1);
    net_settle();
    ck_assert_uint_eq(seen.count, 2);
    resume();
    net_settle();
    ck_assert_uint_eq(seen.count, 6);
    ck_assert_mem_eq(seen.bytes, "\0\1\2\3\4\0", 6);
    ck_assert_ptr_null(client->conn->inbound);
    stop();
}
END_TEST

START_TEST(test_a_connection_may_be_paused_again_and_again_over_the_same_bytes)
{
    start(&message_handler);
    send_many(client, 100);
    for (size_t i = 1; i <= 100; i++) {
        seen.pause_at = i;
        net_turn();
        net_turn();
        ck_assert_uint_eq(seen.count, i);
        resume();
    }
    net_settle();
    ck_assert_uint_eq(seen.count, 100);
    stop();
}
END_TEST

START_TEST(test_a_paused_connection_is_not_read_from)
{
    static uint8_t payload[1 << 16];
    ssize_t sent;

    start(&message_handler);
    seen.pause_at = 1;
    send_many(client, 1);
    net_settle();
    do {
        sent = send(client->fd, payload, sizeof payload, MSG_NOSIGNAL);
        net_settle();
    } while (sent > 0);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_ptr_null(client->conn->inbound);
    stop();
}
END_TEST

START_TEST(test_a_paused_connection_may_be_cut_inside_a_frame)
{
    uint8_t frames[64];
    size_t length = client_make_frame(frames, TEXT, "one", 3);

    length += client_make_frame(frames + length, TEXT, "two", 3);
    start(&message_handler);
    seen.pause_at = 1;
    client_send(client, frames, length - 2);
    net_settle();
    ck_assert_uint_eq(seen.count, 1);
    resume();
    net_settle();
    client_send(client, frames + length - 2, 2);
    net_settle();
    ck_assert_uint_eq(seen.count, 2);
    check_bytes((const uint8_t *)"onetwo", 6);
    stop();
}
END_TEST

START_TEST(test_closing_a_paused_connection_reads_on_for_the_peer_s_close)
{
    start(&message_handler);
    seen.pause_at = 1;
    send_many(client, 3);
    net_settle();
    conn_stop(client->conn);
    client_expect_close(client, CLOSE_GOING_AWAY);
    client_send_frame(client, FRAME_FIN | OPCODE_CLOSE, "\x03\xe9", 2);
    client_expect_end(client);
    ck_assert_uint_eq(seen.count, 1);
    stop();
}
END_TEST

/* ---- the peer vanishes in the middle of it ---- */

START_TEST(test_a_peer_may_vanish_in_any_portion_of_what_it_has_sent)
{
    start(&answering_handler);
    seen.hang_up_at = (size_t)_i * LOOP_DELIVERIES_MAX / 8 + 1;
    send_many(client, MANY);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(seen.closes, 1);
    stop();
}
END_TEST

START_TEST(test_a_paused_connection_may_be_resumed_in_on_close)
{
    start(&message_handler);
    seen.pause_at = 1;
    send_many(client, 3);
    net_settle();
    conn_enter(client->conn);
    conn_kill(client->conn, CLOSE_ABNORMAL, "the test says so");
    conn_leave(client->conn);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(seen.closes, 1);
    stop();
}
END_TEST

/* ---- what is wrong ---- */

static const struct {
    const char *bytes; /* of a frame whose masking key is 0 */
    size_t length;
    unsigned code;
} wrong_rows[] = {
    {"\x81\x00", 2, CLOSE_PROTOCOL_ERROR},
    {"\xc1\x80\0\0\0\0", 6, CLOSE_PROTOCOL_ERROR},
    {"\x80\x80\0\0\0\0", 6, CLOSE_PROTOCOL_ERROR},
    {"\x81\x81\0\0\0\0\xff", 7, CLOSE_INVALID_DATA},
    {"\x81\x82\0\0\0\0\xe2\x82", 8, CLOSE_INVALID_DATA},
    {"\x82\xff\0\0\0\0\x7f\xff\xff\xff\0\0\0\0", 14, CLOSE_TOO_BIG},
    {"\x88\x81\0\0\0\0\x03", 7, CLOSE_PROTOCOL_ERROR},
};

/* A good message comes first and is answered, and one behind the bad frame is not looked at. */
START_TEST(test_a_bad_frame_ends_the_connection_with_its_code)
{
    uint8_t bytes[128];
    size_t length;

    start(&answering_handler);
    length = client_make_frame(bytes, TEXT, "good", 4);
    memcpy(bytes + length, wrong_rows[_i].bytes, wrong_rows[_i].length);
    length += wrong_rows[_i].length;
    length += client_make_frame(bytes + length, TEXT, "behind", 6);
    client_send(client, bytes, length);
    client_expect(client, TEXT, "good", 4);
    client_expect_close(client, wrong_rows[_i].code);
    client_expect_end(client);
    ck_assert_uint_eq(seen.count, 1);
    ck_assert_ptr_null(client->conn->inbound);
    stop();
}
END_TEST

START_TEST(test_text_is_checked_as_it_arrives)
{
    static uint8_t frame[200000 + FRAME_CLIENT_HEADER_MAX];
    uint8_t *payload = make_payload(200000);

    start(both_handlers[_i]);
    payload[90000] = 0xff;
    client_make_frame(frame, TEXT, payload, 200000);
    client_send(client, frame, 100000);
    client_expect_close(client, CLOSE_INVALID_DATA);
    free(payload);
    stop();
}
END_TEST

static void add_size_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_frames_may_be_cut_at_any_byte, 0, 2);
    tcase_add_loop_test(tests, test_frames_may_come_a_byte_at_a_time, 0, 2);
    tcase_add_loop_test(tests, test_a_message_comes_whole, 0, SIZES);
    tcase_add_loop_test(tests, test_a_message_comes_in_chunks, 0, SIZES);
    tcase_add_test(tests, test_a_long_message_does_not_wait_for_its_end);
    tcase_add_test(tests, test_memory_grows_with_what_has_arrived_and_not_with_what_was_declared);
}

static void add_flow_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_read_with_more_frames_than_the_budget_is_taken_in_portions);
    tcase_add_test(tests, test_others_get_their_turn_between_two_portions_of_a_greedy_peer);
    tcase_add_test(tests, test_order_is_kept_when_more_arrives_than_the_budget_lets_through);
    tcase_add_loop_test(tests, test_a_paused_connection_gets_the_rest_when_it_is_resumed, 0, 2);
    tcase_add_test(tests, test_a_connection_may_be_paused_again_and_again_over_the_same_bytes);
    tcase_add_test(tests, test_a_paused_connection_is_not_read_from);
    tcase_add_test(tests, test_a_paused_connection_may_be_cut_inside_a_frame);
    tcase_add_test(tests, test_closing_a_paused_connection_reads_on_for_the_peer_s_close);
    tcase_add_loop_test(tests, test_a_peer_may_vanish_in_any_portion_of_what_it_has_sent, 0, 8);
    tcase_add_test(tests, test_a_paused_connection_may_be_resumed_in_on_close);
}

static void add_failure_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_a_bad_frame_ends_the_connection_with_its_code, 0,
                        sizeof wrong_rows / sizeof *wrong_rows);
    tcase_add_loop_test(tests, test_text_is_checked_as_it_arrives, 0, 2);
}

int main(void)
{
    Suite *suite = suite_create("receiving");

    add_size_tests(suite_case(suite, "sizes and cuts"));
    add_flow_tests(suite_case(suite, "flow"));
    add_failure_tests(suite_case(suite, "failures"));
    return suite_run(suite);
}

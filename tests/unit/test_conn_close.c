/*
 * How connections end: from every callback, by the peer, by a stop, with and without a backlog.
 */
#include "net_fixture.h"
#include "suite.h"

#include <fcntl.h>
#include <string.h>
#include <sys/socket.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    BINARY = FRAME_FIN | OPCODE_BINARY,
    CLOSE = FRAME_FIN | OPCODE_CLOSE,
    PING = FRAME_FIN | OPCODE_PING,
};

/* ---- a handler that does what a test tells it to ---- */

enum callback { NOWHERE, IN_MESSAGE, IN_CHUNK, IN_WRITABLE, IN_CLOSE };

static struct {
    enum callback where; /* the connection is closed */
    uint16_t code;
    size_t backlog_frames; /* sent before the close, from IN_MESSAGE */
    unsigned messages;
    unsigned closes;
    unsigned sends_refused;
    uint16_t code_at_close;
} script;

static uint8_t big[100000];

static void try_to_send(struct conn *conn)
{
    /* In the middle: a compiler that sees all at once thinks of the frame header in front of it. */
    const uint8_t *bytes = big + sizeof big / 2;
    const size_t length = 4;

    ck_assert_int_eq(conn_send(conn, MESSAGE_TEXT, bytes, length), SEND_CLOSED);
    ck_assert_int_eq(conn_send_begin(conn, MESSAGE_TEXT), SEND_CLOSED);
    ck_assert_int_eq(conn_send_chunk(conn, bytes, length), SEND_CLOSED);
    ck_assert_int_eq(conn_send_end(conn, bytes, length), SEND_CLOSED);
    script.sends_refused++;
}

static void close_if(struct conn *conn, enum callback here)
{
    if (script.where == here) {
        conn_close(conn, script.code, "the test says so");
        conn_close(conn, 4000, "not the first");
        try_to_send(conn);
    }
}

static void send_backlog(struct conn *conn)
{
    for (size_t i = 0; i < script.backlog_frames; i++) {
        memset(big, (int)i, sizeof big);
        ck_assert(send_was_queued(conn_send(conn, MESSAGE_BINARY, big, sizeof big)));
    }
    script.backlog_frames = 0;
}

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    (void)type;
    (void)bytes;
    (void)length;
    script.messages++;
    send_backlog(conn);
    close_if(conn, IN_MESSAGE);
}

static void take_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length, bool first, bool last)
{
    (void)first;
    (void)last;
    take_message(conn, type, bytes, length);
    close_if(conn, IN_CHUNK);
}

static void take_writable(struct conn *conn)
{
    close_if(conn, IN_WRITABLE);
}

static void take_close(struct conn *conn)
{
    script.closes++;
    script.code_at_close = conn->close_code;
    close_if(conn, IN_CLOSE);
    conn_pause(conn);
    conn_resume(conn);
    try_to_send(conn);
}

static const struct handler whole_handler = {
    .schema = {.name = "whole"},
    .on_message = take_message,
    .on_writable = take_writable,
    .on_close = take_close,
};

static const struct handler chunk_handler = {
    .schema = {.name = "chunks"},
    .on_chunk = take_chunk,
    .on_close = take_close,
};

/* The client of the test at hand. */
static struct client *client;

static void start(enum callback where, uint16_t code)
{
    script.where = where;
    script.code = code;
    net_start(where == IN_CHUNK ? &chunk_handler : &whole_handler, NULL);
}

static void open_one(void)
{
    client = client_open("/x");
}

/* The handler has been told of the end once, and everything is gone. */
static void stop_after_close(void)
{
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(script.closes, 1);
    client_free(client);
    net_stop();
    ck_assert_uint_eq(script.closes, 1);
}

/* ---- closing from callbacks, and from outside ---- */

static void answer_close(unsigned code)
{
    const uint8_t body[] = {(uint8_t)(code >> 8), (uint8_t)code};

    client_send_frame(client, CLOSE, body, sizeof body);
}

/* Takes the messages of the backlog and then the Close. Returns how many messages came. */
static size_t expect_backlog_and_close(unsigned code)
{
    size_t messages = 0;
    struct client_frame frame;

    while ((frame = client_frame(client)).first_byte == BINARY) {
        memset(big, (int)messages, sizeof big);
        ck_assert_uint_eq(frame.length, sizeof big);
        ck_assert_mem_eq(frame.payload, big, sizeof big);
        messages++;
    }
    ck_assert_uint_eq(frame.first_byte, CLOSE);
    ck_assert_uint_eq(frame.payload[0] << 8 | frame.payload[1], code);
    return messages;
}

/* The rest of the way to the end; an orderly Close waits for the peer's, a failure does not. */
static void finish(uint16_t code)
{
    if (code == CLOSE_NORMAL) {
        net_settle();
        client_receive(client);
        ck_assert(!client->finished);
        answer_close(code);
    }
    client_expect_end(client);
    ck_assert_int_eq(client->conn->state, CONN_LINGERING);
    ck_assert_uint_eq(script.closes, 1);
    client_close(client);
}

/* The words are copied: those of whoever tells are gone soon. */
START_TEST(test_a_connection_may_be_told_to_close)
{
    const uint16_t codes[] = {CLOSE_NORMAL, CLOSE_POLICY};
    uint16_t code = codes[_i];
    char reason[] = "moved";

    start(NOWHERE, 0);
    open_one();
    ck_assert(conn_close_as_told(client->conn, code, slice_of(reason)));
    memset(reason, '?', sizeof reason - 1);
    ck_assert(!conn_close_as_told(client->conn, CLOSE_INTERNAL_ERROR, SLICE("again")));
    ck_assert(slice_equal(client->conn->close_reason, SLICE("moved")));
    client_expect_close(client, code);
    finish(code);
    stop_after_close();
}
END_TEST

static const struct {
    enum callback where;
    uint16_t code;
} callback_rows[] = {
    {IN_MESSAGE, CLOSE_NORMAL}, {IN_MESSAGE, CLOSE_INTERNAL_ERROR}, {IN_MESSAGE, CLOSE_POLICY},
    {IN_CHUNK, CLOSE_NORMAL},   {IN_CHUNK, CLOSE_INTERNAL_ERROR},
};

START_TEST(test_a_handler_may_close_from_the_callback_of_a_message)
{
    uint16_t code = callback_rows[_i].code;

    start(callback_rows[_i].where, code);
    open_one();
    client_send_frame(client, TEXT, "hello", 5);
    client_expect_close(client, code);
    finish(code);
    ck_assert_uint_eq(script.messages, 1);
    ck_assert_uint_eq(script.code_at_close, code);
    stop_after_close();
}
END_TEST

START_TEST(test_nothing_that_came_with_the_message_reaches_the_handler_after_its_close)
{
    uint16_t code = callback_rows[_i].code;
    uint8_t frames[64];
    size_t length;

    start(callback_rows[_i].where, code);
    open_one();
    length = client_make_frame(frames, TEXT, "one", 3);
    length += client_make_frame(frames + length, PING, "two", 3);
    length += client_make_frame(frames + length, TEXT, "three", 5);
    client_send(client, frames, length);
    client_expect_close(client, code);
    finish(code);
    ck_assert_uint_eq(script.messages, 1);
    stop_after_close();
}
END_TEST

START_TEST(test_a_handler_may_close_in_the_middle_of_a_message)
{
    static uint8_t frame[300000 + FRAME_CLIENT_HEADER_MAX];
    static const uint8_t payload[300000];
    uint16_t code = _i == 0 ? CLOSE_NORMAL : CLOSE_INTERNAL_ERROR;
    size_t length = client_make_frame(frame, BINARY, payload, sizeof payload);

    start(IN_CHUNK, code);
    open_one();
    client_send(client, frame, 100000);
    net_settle();
    ck_assert_uint_eq(script.messages, 1);
    client_send(client, frame + 100000, length - 100000);
    client_expect_close(client, code);
    finish(code);
    ck_assert_uint_eq(script.messages, 1);
    stop_after_close();
}
END_TEST

START_TEST(test_a_handler_may_close_when_it_learns_that_it_may_write_again)
{
    uint16_t code = _i == 0 ? CLOSE_NORMAL : CLOSE_INTERNAL_ERROR;

    start(IN_WRITABLE, code);
    script.backlog_frames = 10;
    open_one();
    client_squeeze(client);
    client_send_frame(client, TEXT, "fill", 4);
    expect_backlog_and_close(code);
    finish(code);
    stop_after_close();
}
END_TEST

START_TEST(test_a_close_in_on_close_does_nothing)
{
    start(IN_CLOSE, CLOSE_NORMAL);
    open_one();
    answer_close(CLOSE_GOING_AWAY);
    client_expect_close(client, CLOSE_GOING_AWAY);
    client_expect_end(client);
    client_close(client);
    ck_assert_uint_eq(script.code_at_close, CLOSE_GOING_AWAY);
    stop_after_close();
}
END_TEST

/* ---- a backlog ---- */

/* Leaves the client with a backlog of ten messages that it does not read. */
static void open_with_backlog(void)
{
    script.backlog_frames = 10;
    open_one();
    client_squeeze(client);
    client_send_frame(client, TEXT, "fill", 4);
    net_settle();
}

START_TEST(test_an_orderly_close_goes_behind_what_is_queued)
{
    start(IN_MESSAGE, CLOSE_NORMAL);
    open_with_backlog();
    ck_assert_uint_eq(script.closes, 1);
    ck_assert_uint_eq(expect_backlog_and_close(CLOSE_NORMAL), 10);
    finish(CLOSE_NORMAL);
    stop_after_close();
}
END_TEST

START_TEST(test_a_failure_drops_what_is_queued_but_finishes_the_frame_that_has_been_begun)
{
    const uint8_t unmasked[] = {TEXT, 0};
    size_t messages;

    start(NOWHERE, 0);
    open_with_backlog();
    client_send(client, unmasked, sizeof unmasked);
    net_settle();
    ck_assert_uint_eq(script.closes, 1);
    ck_assert_uint_lt(client->conn->outbox->bytes, 2 * sizeof big);
    messages = expect_backlog_and_close(CLOSE_PROTOCOL_ERROR);
    ck_assert_uint_ge(messages, 1);
    ck_assert_uint_lt(messages, 10);
    finish(CLOSE_PROTOCOL_ERROR);
    stop_after_close();
}
END_TEST

START_TEST(test_the_answer_to_a_close_goes_behind_what_is_queued)
{
    start(NOWHERE, 0);
    open_with_backlog();
    answer_close(4321);
    net_settle();
    ck_assert_uint_eq(script.closes, 1);
    ck_assert_uint_eq(script.code_at_close, 4321);
    ck_assert_uint_eq(expect_backlog_and_close(4321), 10);
    client_expect_end(client);
    client_close(client);
    stop_after_close();
}
END_TEST

/* ---- the peer's FIN, in each state ---- */

static void end_input(void)
{
    ck_assert_int_eq(shutdown(client->fd, SHUT_WR), 0);
    net_settle();
}

START_TEST(test_a_fin_before_the_upgrade_ends_the_connection)
{
    start(NOWHERE, 0);
    client = client_connect(NULL);
    client_send(client, "GET /x HTTP/1.1\r\n", 17);
    net_settle();
    ck_assert_int_eq(client->conn->state, CONN_UPGRADE);
    end_input();
    client_expect_end(client);
    script.closes++; /* on_close of what has never been open does not come */
    stop_after_close();
}
END_TEST

START_TEST(test_a_fin_without_a_close_frame_ends_the_connection)
{
    start(NOWHERE, 0);
    open_one();
    end_input();
    client_expect_end(client);
    ck_assert_uint_eq(script.code_at_close, CLOSE_ABNORMAL);
    stop_after_close();
}
END_TEST

START_TEST(test_a_fin_while_our_close_is_unanswered_ends_the_connection)
{
    start(IN_MESSAGE, CLOSE_NORMAL);
    open_one();
    client_send_frame(client, TEXT, "hello", 5);
    client_expect_close(client, CLOSE_NORMAL);
    ck_assert_int_eq(client->conn->state, CONN_CLOSING);
    end_input();
    client_expect_end(client);
    stop_after_close();
}
END_TEST

START_TEST(test_a_fin_behind_the_peer_s_close_leaves_the_backlog_to_be_read)
{
    start(NOWHERE, 0);
    open_with_backlog();
    answer_close(CLOSE_NORMAL);
    end_input();
    ck_assert_int_eq(client->conn->state, CONN_FINISHING);
    ck_assert_uint_eq(expect_backlog_and_close(CLOSE_NORMAL), 10);
    client_expect_end(client);
    stop_after_close();
}
END_TEST

START_TEST(test_a_fin_while_lingering_ends_the_connection)
{
    start(NOWHERE, 0);
    open_one();
    answer_close(CLOSE_NORMAL);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    ck_assert_int_eq(client->conn->state, CONN_LINGERING);
    end_input();
    stop_after_close();
}
END_TEST

START_TEST(test_what_comes_while_lingering_is_read_away)
{
    static const uint8_t payload[50000];

    start(NOWHERE, 0);
    open_one();
    answer_close(CLOSE_NORMAL);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    for (int i = 0; i < 20; i++) {
        client_send_frame(client, BINARY, payload, sizeof payload);
    }
    ck_assert_uint_eq(script.messages, 0);
    ck_assert_int_eq(client->conn->state, CONN_LINGERING);
    client_close(client);
    stop_after_close();
}
END_TEST

/* To close with something unread is to reset, which takes from the peer what was under way to it.
 */
START_TEST(test_what_comes_with_the_fin_while_lingering_is_read_away)
{
    static const uint8_t late[1000];
    uint8_t byte;

    start(NOWHERE, 0);
    open_one();
    answer_close(CLOSE_NORMAL);
    client_expect_close(client, CLOSE_NORMAL);
    ck_assert_int_eq(send(client->fd, late, sizeof late, 0), sizeof late);
    ck_assert_int_eq(shutdown(client->fd, SHUT_WR), 0);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_int_eq(recv(client->fd, &byte, 1, 0), 0);
    stop_after_close();
}
END_TEST

START_TEST(test_a_peer_that_vanishes_ends_the_connection_in_every_state)
{
    start(_i < 2 ? NOWHERE : IN_MESSAGE, CLOSE_NORMAL);
    if (_i == 0) {
        open_one();
    } else {
        open_with_backlog();
    }
    client_close(client);
    stop_after_close();
}
END_TEST

/* ---- the end of the turn ---- */

START_TEST(test_descriptor_and_memory_are_gone_when_the_turn_is_over)
{
    int fd;

    start(NOWHERE, 0);
    open_one();
    fd = client->conn->transport.fd;
    ck_assert_int_ge(fcntl(fd, F_GETFD), 0);
    client_close(client);
    net_turn();
    ck_assert_int_eq(fcntl(fd, F_GETFD), -1);
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert(list_empty(&net.loop->graveyard));
    stop_after_close();
}
END_TEST

/* ---- stopping ---- */

START_TEST(test_stopping_closes_an_open_connection_in_order)
{
    start(NOWHERE, 0);
    open_with_backlog();
    conn_stop(client->conn);
    ck_assert_uint_eq(expect_backlog_and_close(CLOSE_GOING_AWAY), 10);
    answer_close(CLOSE_GOING_AWAY);
    client_expect_end(client);
    client_close(client);
    stop_after_close();
}
END_TEST

START_TEST(test_stopping_refuses_a_request_that_has_not_arrived_whole)
{
    start(NOWHERE, 0);
    client = client_connect(NULL);
    client_send(client, "GET", 3);
    net_settle();
    conn_stop(client->conn);
    net_settle();
    client_receive(client);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 503", 12);
    ck_assert(client->finished);
    client_close(client);
    script.closes++; /* on_close of what has never been open does not come */
    stop_after_close();
}
END_TEST

static void add_callback_tests(TCase *tests)
{
    tcase_add_loop_test(tests, test_a_connection_may_be_told_to_close, 0, 2);
    const int rows = sizeof callback_rows / sizeof *callback_rows;

    tcase_add_loop_test(tests, test_a_handler_may_close_from_the_callback_of_a_message, 0, rows);
    tcase_add_loop_test(tests,
                        test_nothing_that_came_with_the_message_reaches_the_handler_after_its_close,
                        0, rows);
    tcase_add_loop_test(tests, test_a_handler_may_close_in_the_middle_of_a_message, 0, 2);
    tcase_add_loop_test(tests, test_a_handler_may_close_when_it_learns_that_it_may_write_again, 0,
                        2);
    tcase_add_test(tests, test_a_close_in_on_close_does_nothing);
}

static void add_backlog_tests(TCase *tests)
{
    tcase_add_test(tests, test_an_orderly_close_goes_behind_what_is_queued);
    tcase_add_test(tests,
                   test_a_failure_drops_what_is_queued_but_finishes_the_frame_that_has_been_begun);
    tcase_add_test(tests, test_the_answer_to_a_close_goes_behind_what_is_queued);
}

static void add_peer_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_fin_before_the_upgrade_ends_the_connection);
    tcase_add_test(tests, test_a_fin_without_a_close_frame_ends_the_connection);
    tcase_add_test(tests, test_a_fin_while_our_close_is_unanswered_ends_the_connection);
    tcase_add_test(tests, test_a_fin_behind_the_peer_s_close_leaves_the_backlog_to_be_read);
    tcase_add_test(tests, test_a_fin_while_lingering_ends_the_connection);
    tcase_add_test(tests, test_what_comes_while_lingering_is_read_away);
    tcase_add_test(tests, test_what_comes_with_the_fin_while_lingering_is_read_away);
    tcase_add_loop_test(tests, test_a_peer_that_vanishes_ends_the_connection_in_every_state, 0, 3);
    tcase_add_test(tests, test_descriptor_and_memory_are_gone_when_the_turn_is_over);
    tcase_add_test(tests, test_stopping_closes_an_open_connection_in_order);
    tcase_add_test(tests, test_stopping_refuses_a_request_that_has_not_arrived_whole);
}

int main(void)
{
    Suite *suite = suite_create("closing connections");

    add_callback_tests(suite_case(suite, "callbacks"));
    add_backlog_tests(suite_case(suite, "backlog"));
    add_peer_tests(suite_case(suite, "the peer"));
    return suite_run(suite);
}

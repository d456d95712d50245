/*
 * Connections as members of rooms: who gets what, in which order, and what becomes of those who do
 * not read.
 */
#include "handlers/rooms.h"

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
    CLIENTS = 4,
};

/* ---- a handler that does what a test tells it to ---- */

struct given {
    struct conn *conn;
    struct room_member *member;
    enum message_type type;
    const uint8_t *bytes;
    size_t length;
};

static void (*act)(const struct given *message);
static const char *last_words; /* published in on_close, or NULL */
static struct client *clients[CLIENTS];

static enum upgrade_decision take_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason)
{
    (void)status;
    (void)reason;
    ck_assert(room_join(conn, conn_state(conn), SLICE("namespace"), info->captures[0].value));
    return UPGRADE_ACCEPT;
}

static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    act(&(struct given){conn, conn_state(conn), type, bytes, length});
}

static void take_close(struct conn *conn)
{
    struct room_member *member = conn_state(conn);

    if (last_words != NULL) {
        ck_assert(room_publish(member, MESSAGE_TEXT, (const uint8_t *)last_words,
                               strlen(last_words), false));
    }
    room_leave(member);
    room_leave(member);
}

static const struct handler handler = {
    .schema = {.name = "test"},
    .state_bytes = sizeof(struct room_member),
    .on_upgrade = take_upgrade,
    .on_message = take_message,
    .on_close = take_close,
};

static void publish(const struct given *message)
{
    ck_assert(room_publish(message->member, message->type, message->bytes, message->length, false));
}

static void publish_to_all(const struct given *message)
{
    ck_assert(room_publish(message->member, message->type, message->bytes, message->length, true));
}

/* The first `count` clients are in the same room. */
static void start(void (*what)(const struct given *message), unsigned count)
{
    act = what;
    net_start(&handler, NULL);
    for (unsigned i = 0; i < count; i++) {
        clients[i] = client_open("/lobby");
    }
}

static void stop(void)
{
    for (unsigned i = 0; i < CLIENTS; i++) {
        client_free(clients[i]);
    }
    net_stop();
}

static void say(unsigned from, const char *text)
{
    client_send_frame(clients[from], TEXT, text, strlen(text));
    net_settle();
}

static void expect(unsigned at, const char *text)
{
    client_expect(clients[at], TEXT, text, strlen(text));
}

static void expect_nothing(unsigned at)
{
    net_settle();
    client_receive(clients[at]);
    ck_assert_uint_eq(clients[at]->length, clients[at]->taken);
}

/* ---- who gets what ---- */

START_TEST(test_the_others_get_what_one_publishes)
{
    start(publish, 3);
    say(0, "one");
    say(1, "two");
    expect(1, "one");
    expect(2, "one");
    expect(2, "two");
    expect(0, "two");
    for (unsigned i = 0; i < 3; i++) {
        expect_nothing(i);
    }
    stop();
}
END_TEST

START_TEST(test_a_sender_gets_its_own_in_the_room_s_order_if_it_wants)
{
    start(publish_to_all, 2);
    say(0, "one");
    say(1, "two");
    say(0, "three");
    for (unsigned i = 0; i < 2; i++) {
        expect(i, "one");
        expect(i, "two");
        expect(i, "three");
        expect_nothing(i);
    }
    stop();
}
END_TEST

START_TEST(test_rooms_do_not_hear_each_other)
{
    start(publish_to_all, 2);
    clients[2] = client_open("/other");
    ck_assert_uint_eq(relay_room_count(net.relay), 2);
    say(0, "lobby");
    say(2, "other");
    expect(0, "lobby");
    expect(1, "lobby");
    expect(2, "other");
    for (unsigned i = 0; i < 3; i++) {
        expect_nothing(i);
    }
    stop();
}
END_TEST

START_TEST(test_a_room_ends_with_its_last_member)
{
    start(publish, 2);
    ck_assert_uint_eq(relay_member_count(net.relay), 2);
    client_close(clients[0]);
    net_settle();
    ck_assert_uint_eq(relay_member_count(net.relay), 1);
    client_close(clients[1]);
    net_settle();
    ck_assert_uint_eq(relay_room_count(net.relay), 0);
    stop();
}
END_TEST

START_TEST(test_a_member_that_has_left_hears_nothing)
{
    start(publish, 2);
    client_send_frame(clients[1], FRAME_FIN | OPCODE_CLOSE, "", 0);
    net_settle();
    ck_assert_uint_eq(relay_member_count(net.relay), 1);
    say(0, "one");
    client_expect(clients[1], FRAME_FIN | OPCODE_CLOSE, "", 0);
    client_expect_end(clients[1]);
    stop();
}
END_TEST

/* Sizes on both sides of where a payload is published as it was received. */
static const size_t sizes[] = {0, 1, 125, 126, 4096, 4097, 65536, 300000};
enum { SIZES = sizeof sizes / sizeof *sizes };

START_TEST(test_messages_of_all_sizes_are_published)
{
    size_t length = sizes[_i];
    uint8_t *payload = make_payload(length);

    start(publish_to_all, 3);
    client_send_frame(clients[0], BINARY, payload, length);
    client_send_frame(clients[0], OPCODE_BINARY, payload, length / 3);
    client_send_frame(clients[0], LAST, payload + length / 3, length - length / 3);
    for (unsigned i = 0; i < 3; i++) {
        client_expect(clients[i], BINARY, payload, length);
        client_expect(clients[i], BINARY, payload, length);
        expect_nothing(i);
    }
    free(payload);
    stop();
}
END_TEST

/* ---- a callback that does more than one thing ---- */

static void publish_and_send_back(const struct given *message)
{
    publish(message);
    ck_assert_int_eq(conn_send(message->conn, message->type, message->bytes, message->length),
                     SEND_QUEUED);
}

static void send_back_and_publish(const struct given *message)
{
    ck_assert_int_eq(conn_send(message->conn, message->type, message->bytes, message->length),
                     SEND_QUEUED);
    publish(message);
}

static void publish_and_publish(const struct given *message)
{
    publish(message);
    publish_to_all(message);
}

static void publish_and_close(const struct given *message)
{
    publish(message);
    conn_close(message->conn, CLOSE_INTERNAL_ERROR, "the test says so");
    publish(message);
}

static const struct {
    void (*act)(const struct given *message);
    unsigned own;    /* how often the sender gets it */
    unsigned others; /* how often the others do */
} double_rows[] = {
    {publish_and_send_back, 1, 1},
    {send_back_and_publish, 1, 1},
    {publish_and_publish, 1, 2},
    {publish_and_close, 0, 2},
};
enum { DOUBLE_ROWS = sizeof double_rows / sizeof *double_rows };

/* Also when nobody else is there: what has been published may be gone at once. */
START_TEST(test_bytes_that_were_published_may_still_be_used_in_the_callback)
{
    size_t length = sizes[_i % SIZES];
    unsigned row = (unsigned)_i / SIZES % DOUBLE_ROWS;
    unsigned members = 1 + (unsigned)_i / SIZES / DOUBLE_ROWS;
    uint8_t *payload = make_payload(length);

    start(double_rows[row].act, members);
    client_send_frame(clients[0], BINARY, payload, length);
    for (unsigned i = 0; i < double_rows[row].own; i++) {
        client_expect(clients[0], BINARY, payload, length);
    }
    for (unsigned i = 0; members > 1 && i < double_rows[row].others; i++) {
        client_expect(clients[1], BINARY, payload, length);
    }
    free(payload);
    stop();
}
END_TEST

START_TEST(test_publications_of_one_turn_reach_a_member_in_one_call)
{
    static uint8_t packet[1000];
    uint8_t frames[100];
    size_t length = 0;

    net_socket_type = SOCK_SEQPACKET;
    start(publish, 3);
    for (int i = 0; i < 3; i++) {
        length += client_make_frame(frames + length, TEXT, "word", 4);
    }
    client_send(clients[0], frames, length);
    client_send(clients[1], frames, length);
    net_settle();
    ck_assert_int_eq(recv(clients[2]->fd, packet, sizeof packet, 0), 6 * (2 + 4));
    stop();
}
END_TEST

/* ---- a streamed message ---- */

/* "b": begins a message; "e": ends it; anything else is published. */
static void stream_or_publish(const struct given *message)
{
    if (message->bytes[0] == 'b') {
        conn_send_begin(message->conn, MESSAGE_BINARY);
        conn_send_chunk(message->conn, message->bytes, 1);
    } else if (message->bytes[0] == 'e') {
        conn_send_end(message->conn, message->bytes, 1);
    } else {
        publish(message);
    }
}

START_TEST(test_publications_wait_for_the_end_of_a_streamed_message)
{
    start(stream_or_publish, 2);
    say(0, "b");
    say(1, "one");
    say(1, "two");
    client_expect(clients[0], OPCODE_BINARY, "b", 1);
    expect_nothing(0);
    say(0, "e");
    say(1, "three");
    client_expect(clients[0], LAST, "e", 1);
    expect(0, "one");
    expect(0, "two");
    expect(0, "three");
    stop();
}
END_TEST

/* ---- members that do not read ---- */

enum { BULK_BYTES = 20000, QUEUE_BYTES = 200000 };

static unsigned number_of(const struct client_frame *frame)
{
    unsigned number;

    ck_assert_uint_eq(frame->first_byte, BINARY);
    ck_assert_uint_eq(frame->length, BULK_BYTES);
    memcpy(&number, frame->payload, sizeof number);
    return number;
}

static void say_bulk(unsigned from, unsigned number)
{
    static uint8_t payload[BULK_BYTES];

    memcpy(payload, &number, sizeof number);
    client_send_frame(clients[from], BINARY, payload, sizeof payload);
}

/* Takes what a member got before it was closed for being too slow: the first ones, whole. */
static void expect_prefix_and_close(unsigned at)
{
    struct client_frame frame;
    unsigned next = 0;

    while ((frame = client_frame(clients[at])).first_byte == BINARY) {
        ck_assert_uint_eq(number_of(&frame), next++);
    }
    ck_assert_uint_eq(frame.first_byte, FRAME_FIN | OPCODE_CLOSE);
    ck_assert_uint_eq(frame.payload[0] << 8 | frame.payload[1], CLOSE_TRY_LATER);
    client_expect_end(clients[at]);
}

START_TEST(test_a_member_that_does_not_read_is_closed_and_nobody_else_notices)
{
    enum { BULKS = 40 };

    start(publish, 3);
    net.route.config.settings.send_queue_bytes = QUEUE_BYTES;
    client_squeeze(clients[1]);
    for (unsigned i = 0; i < BULKS; i++) {
        struct client_frame frame;

        say_bulk(0, i);
        frame = client_frame(clients[2]);
        ck_assert_uint_eq(number_of(&frame), i);
        if (clients[1]->conn->state == CONN_OPEN && clients[1]->conn->outbox != NULL) {
            ck_assert_uint_le(clients[1]->conn->outbox->bytes, QUEUE_BYTES);
        }
    }
    ck_assert_uint_eq(counter_read(&net.loop->counters, COUNTER_TOO_SLOW), 1);
    expect_prefix_and_close(1);
    expect_nothing(0);
    expect_nothing(2);
    stop();
}
END_TEST

START_TEST(test_an_empty_queue_admits_any_one_publication)
{
    uint8_t *payload = make_payload(300000);

    start(publish, 2);
    net.route.config.settings.send_queue_bytes = 1000;
    client_squeeze(clients[1]);
    client_send_frame(clients[0], BINARY, payload, 300000);
    client_expect(clients[1], BINARY, payload, 300000);
    expect_nothing(1);
    free(payload);
    stop();
}
END_TEST

START_TEST(test_a_sender_that_does_not_read_its_own_is_closed)
{
    start(publish_to_all, 2);
    net.route.config.settings.send_queue_bytes = QUEUE_BYTES;
    client_squeeze(clients[0]);
    for (unsigned i = 0; i < 40 && clients[0]->conn->state == CONN_OPEN; i++) {
        say_bulk(0, i);
        net_settle();
    }
    ck_assert_int_ne(clients[0]->conn->state, CONN_OPEN);
    expect_prefix_and_close(0);
    stop();
}
END_TEST

/* The kernel takes all of it, but not before the callback has ended. */
START_TEST(test_a_sender_that_reads_its_own_is_not_too_slow)
{
    enum { MESSAGES = 30, MESSAGE_BYTES = 4000 };
    static uint8_t frames[MESSAGES * (MESSAGE_BYTES + FRAME_CLIENT_HEADER_MAX) + 64];
    uint8_t *payload = make_payload(MESSAGE_BYTES);
    size_t length = client_make_frame(frames, PING, "ping", 4);

    start(publish_to_all, 1);
    net.route.config.settings.send_queue_bytes = 10 * MESSAGE_BYTES;
    for (int i = 0; i < MESSAGES; i++) {
        length += client_make_frame(frames + length, BINARY, payload, MESSAGE_BYTES);
    }
    client_send(clients[0], frames, length);
    client_expect(clients[0], PONG, "ping", 4);
    for (int i = 0; i < MESSAGES; i++) {
        client_expect(clients[0], BINARY, payload, MESSAGE_BYTES);
    }
    ck_assert_int_eq(clients[0]->conn->state, CONN_OPEN);
    free(payload);
    stop();
}
END_TEST

/* ---- members that vanish ---- */

static bool second_has_frame(void)
{
    client_receive(clients[2]);
    return client_has_frame(clients[2]);
}

/* A publisher's callback finds out that the member is gone, and the member's own last words are
 * published when it is freed, with nothing else going on. */
START_TEST(test_the_last_words_of_a_member_that_vanishes_are_heard)
{
    enum { MESSAGES = 3 };
    static uint8_t frames[MESSAGES * (BULK_BYTES + FRAME_CLIENT_HEADER_MAX)];
    uint8_t *payload = make_payload(BULK_BYTES);
    size_t length = 0;

    start(publish, 3);
    last_words = "good bye";
    net.route.config.settings.send_queue_bytes = 2 * (BULK_BYTES + FRAME_SERVER_HEADER_MAX);
    for (int i = 0; i < MESSAGES; i++) {
        length += client_make_frame(frames + length, BINARY, payload, BULK_BYTES);
    }
    ck_assert_int_eq(send(clients[0]->fd, frames, length, 0), length);
    client_close(clients[1]);
    for (int i = 0; i < MESSAGES; i++) {
        net_turn_until(second_has_frame);
        client_expect(clients[2], BINARY, payload, BULK_BYTES);
    }
    net_turn_until(second_has_frame);
    expect(2, "good bye");
    last_words = NULL;
    free(payload);
    stop();
}
END_TEST

static void add_delivery_tests(TCase *tests)
{
    tcase_add_test(tests, test_the_others_get_what_one_publishes);
    tcase_add_test(tests, test_a_sender_gets_its_own_in_the_room_s_order_if_it_wants);
    tcase_add_test(tests, test_rooms_do_not_hear_each_other);
    tcase_add_test(tests, test_a_room_ends_with_its_last_member);
    tcase_add_test(tests, test_a_member_that_has_left_hears_nothing);
    tcase_add_loop_test(tests, test_messages_of_all_sizes_are_published, 0, SIZES);
    tcase_add_loop_test(tests, test_bytes_that_were_published_may_still_be_used_in_the_callback, 0,
                        2 * SIZES * DOUBLE_ROWS);
    tcase_add_test(tests, test_publications_of_one_turn_reach_a_member_in_one_call);
    tcase_add_test(tests, test_publications_wait_for_the_end_of_a_streamed_message);
}

static void add_slow_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_member_that_does_not_read_is_closed_and_nobody_else_notices);
    tcase_add_test(tests, test_an_empty_queue_admits_any_one_publication);
    tcase_add_test(tests, test_a_sender_that_does_not_read_its_own_is_closed);
    tcase_add_test(tests, test_a_sender_that_reads_its_own_is_not_too_slow);
    tcase_add_test(tests, test_the_last_words_of_a_member_that_vanishes_are_heard);
}

int main(void)
{
    Suite *suite = suite_create("rooms");
    TCase *delivery = tcase_create("delivery");
    TCase *slow = tcase_create("members that do not read");

    add_delivery_tests(delivery);
    add_slow_tests(slow);
    suite_add_tcase(suite, delivery);
    suite_add_tcase(suite, slow);
    return suite_run(suite);
}

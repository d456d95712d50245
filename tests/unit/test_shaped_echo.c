/*
 * An echo that the query shapes: order, limits of its queue, and what it does when the peer does
 * not read.
 */
#include "base/clock.h"
#include "handlers/echo.h"
#include "handlers/registry.h"
#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum {
    TEXT = FRAME_FIN | OPCODE_TEXT,
    BINARY = FRAME_FIN | OPCODE_BINARY,
    CLOSE = FRAME_FIN | OPCODE_CLOSE,
};

static struct echo_settings settings;
static struct client *client;

static void prepare(void)
{
    settings = (struct echo_settings){.controls = true, .queue = {.messages = 4, .bytes = 1000}};
    net_start(&echo_handler, &settings);
}

static void clean_up(void)
{
    client_free(client);
    net_stop();
}

static void say(const char *text)
{
    client_send_frame(client, TEXT, text, strlen(text));
}

static void expect(const char *text)
{
    client_expect(client, TEXT, text, strlen(text));
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

START_TEST(test_without_a_query_and_without_controls_the_echo_is_plain)
{
    client = client_open(_i == 0 ? "/x" : "/x?");
    ck_assert_ptr_eq(client->conn->handler, &echo_handler);
    ck_assert_ptr_null(client->conn->handler_state);
    settings.controls = false;
    client_free(client);
    client = client_open("/x?delay=nonsense");
    ck_assert_ptr_eq(client->conn->handler, &echo_handler);
}
END_TEST

START_TEST(test_a_message_waits_for_its_time)
{
    int64_t start_ms;

    client = client_open("/x?delay=50");
    start_ms = clock_monotonic_ms();
    say("late");
    net_turn_until(has_frame);
    ck_assert_int_ge(clock_monotonic_ms() - start_ms, 50 - WHEEL_TICK_MS);
    expect("late");
}
END_TEST

START_TEST(test_jitter_keeps_the_order)
{
    settings.queue.messages = 1000;
    client = client_open("/x?jitter=60");
    for (char text[] = "0"; text[0] <= '9'; text[0]++) {
        say(text);
    }
    for (char text[] = "0"; text[0] <= '9'; text[0]++) {
        net_turn_until(has_frame);
        expect(text);
    }
}
END_TEST

/* Messages of one byte; the queue is full with `limit` of them, and reading goes on below. */
static void fill(unsigned limit)
{
    client = client_open("/x?delay=100");
    for (unsigned i = 1; i <= limit; i++) {
        ck_assert(!client->conn->paused);
        say("x");
        net_settle();
        ck_assert_int_eq(client->conn->paused, i >= limit);
    }
    say("y"); /* stays in the socket */
    net_settle();
    for (unsigned i = 0; i < limit; i++) {
        net_turn_until(has_frame);
        expect("x");
    }
    net_turn_until(has_frame);
    expect("y");
    ck_assert(!client->conn->paused);
}

START_TEST(test_a_queue_that_is_full_of_messages_pauses_reading)
{
    fill(settings.queue.messages);
}
END_TEST

START_TEST(test_a_queue_that_is_full_of_bytes_pauses_reading)
{
    settings.queue = (struct echo_queue_limits){.messages = 100, .bytes = 3};
    fill(3);
}
END_TEST

START_TEST(test_one_message_is_always_taken)
{
    uint8_t *payload = make_payload(200000);

    client = client_open("/x?delay=20");
    client_send_frame(client, BINARY, payload, 200000);
    net_turn_until(has_frame);
    client_expect(client, BINARY, payload, 200000);
    free(payload);
}
END_TEST

/* What waits on a connection stays within its send queue, however much is asked for. */
START_TEST(test_copies_wait_for_a_peer_that_does_not_read)
{
    enum { LENGTH = 3000, COPIES = 1000 };
    uint8_t *payload = make_payload(LENGTH);

    net.route.config.settings.send_queue_bytes = 64 << 10;
    client = client_open("/x?repeat=1000&chunk=100");
    client_squeeze(client);
    client_send_frame(client, BINARY, payload, LENGTH);
    client_send_frame(client, TEXT, "behind", 6);
    for (int i = 0; i < 50; i++) {
        net_turn();
        ck_assert_uint_le(conn_waiting(client->conn), (64 << 10) / 2 + 200);
    }
    for (int i = 0; i < COPIES * LENGTH / 100; i++) {
        struct client_frame frame = client_frame(client);
        int part = i % (LENGTH / 100);

        ck_assert_uint_eq(frame.first_byte, (part == 0 ? OPCODE_BINARY : OPCODE_CONTINUATION) |
                                                (part == LENGTH / 100 - 1 ? FRAME_FIN : 0));
        ck_assert_uint_eq(frame.length, 100);
        ck_assert_mem_eq(frame.payload, payload + (size_t)part * 100, 100);
    }
    for (int i = 0; i < COPIES; i++) {
        expect("behind");
    }
    free(payload);
}
END_TEST

/* More frames than one callback sends. */
START_TEST(test_a_message_may_come_in_very_many_fragments)
{
    enum { LENGTH = 10000 };
    uint8_t *payload = make_payload(LENGTH);

    client = client_open("/x?chunk=1");
    client_send_frame(client, BINARY, payload, LENGTH);
    for (int i = 0; i < LENGTH; i++) {
        struct client_frame frame = client_frame(client);

        ck_assert_uint_eq(frame.length, 1);
        ck_assert_uint_eq(frame.payload[0], payload[i]);
        ck_assert_int_eq((frame.first_byte & FRAME_FIN) != 0, i == LENGTH - 1);
    }
    free(payload);
}
END_TEST

/* However many messages one read has brought; a turn may have a wake-up at its end. */
START_TEST(test_a_turn_sends_a_bounded_number_of_frames)
{
    enum { MESSAGES = 20, COPIES = 1000, FRAMES_PER_TURN = 2 * 4096 };
    uint8_t bytes[MESSAGES * 20];
    size_t length = 0;

    settings.queue.messages = MESSAGES;
    for (int i = 0; i < MESSAGES; i++) {
        length += client_make_frame(bytes + length, TEXT, "x", 1);
    }
    client = client_open("/x?repeat=1000");
    client_send(client, bytes, length);
    for (uint64_t sent = 0; sent < MESSAGES * COPIES; sent = client->conn->messages_out) {
        net_turn();
        ck_assert_uint_le(client->conn->messages_out, sent + FRAMES_PER_TURN);
    }
    for (int i = 0; i < MESSAGES * COPIES; i++) {
        expect("x");
    }
}
END_TEST

START_TEST(test_a_close_comes_behind_the_last_message_of_many_in_one_piece)
{
    uint8_t bytes[5 * 20];
    size_t length = 0;

    for (int i = 0; i < 5; i++) {
        length += client_make_frame(bytes + length, TEXT, &"12345"[i], 1);
    }
    client = client_open("/x?repeat=2&close=1011&reason=so+be+it&after=3&delay=10");
    client_send(client, bytes, length);
    for (const char *text = "112233"; *text != '\0'; text++) {
        net_turn_until(has_frame);
        client_expect(client, TEXT, text, 1);
    }
    net_turn_until(has_frame);
    client_expect(client, CLOSE, "\x03\xf3so be it", 10);
    client_send_frame(client, CLOSE, "\x03\xf3", 2);
    client_expect_end(client);
    client_close(client);
    net_turn_until(is_alone);
}
END_TEST

/* The last message is lost, but it counts, and the close keeps its place. */
START_TEST(test_a_lost_message_counts_for_the_close)
{
    client = client_open("/x?drop=100&close=1005&after=2");
    say("one");
    net_settle();
    ck_assert(!has_frame());
    say("two");
    client_expect(client, CLOSE, "", 0);
}
END_TEST

START_TEST(test_an_end_without_a_close_frame_takes_no_message_back)
{
    client = client_open("/x?close=1006&after=1&repeat=3");
    say("last");
    for (int i = 0; i < 3; i++) {
        expect("last");
    }
    client_expect_end(client);
    client_close(client);
    net_turn_until(is_alone);
}
END_TEST

/* Whatever is in the queue when a connection ends is freed; AddressSanitizer looks. */
START_TEST(test_what_waits_is_forgotten_at_the_end)
{
    client = client_open("/x?delay=60000");
    say("one");
    say("two");
    client_send_frame(client, CLOSE, "\x03\xe8", 2);
    client_expect_close(client, CLOSE_NORMAL);
    client_expect_end(client);
    client_close(client);
    net_turn_until(is_alone);
}
END_TEST

START_TEST(test_a_greeting_comes_first)
{
    char greeting[] = "gr\xc3\xbc\xc3\x9f"
                      " dich";

    settings.greeting = greeting;
    client = client_open(_i == 0 ? "/x" : "/x?delay=0");
    expect(greeting);
    say("echo");
    expect("echo");
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("shaped_echo");
    TCase *tests = suite_case(suite, "shaped");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, test_without_a_query_and_without_controls_the_echo_is_plain, 0, 2);
    tcase_add_test(tests, test_a_message_waits_for_its_time);
    tcase_add_test(tests, test_jitter_keeps_the_order);
    tcase_add_test(tests, test_a_queue_that_is_full_of_messages_pauses_reading);
    tcase_add_test(tests, test_a_queue_that_is_full_of_bytes_pauses_reading);
    tcase_add_test(tests, test_one_message_is_always_taken);
    tcase_add_test(tests, test_copies_wait_for_a_peer_that_does_not_read);
    tcase_add_test(tests, test_a_message_may_come_in_very_many_fragments);
    tcase_add_test(tests, test_a_turn_sends_a_bounded_number_of_frames);
    tcase_add_test(tests, test_a_close_comes_behind_the_last_message_of_many_in_one_piece);
    tcase_add_test(tests, test_a_lost_message_counts_for_the_close);
    tcase_add_test(tests, test_an_end_without_a_close_frame_takes_no_message_back);
    tcase_add_test(tests, test_what_waits_is_forgotten_at_the_end);
    tcase_add_loop_test(tests, test_a_greeting_comes_first, 0, 2);
    return suite_run(suite);
}

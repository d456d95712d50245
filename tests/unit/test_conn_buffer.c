/*
 * The one buffer for what is received and what is sent. Short payloads are moved in blocks, which
 * reach behind the bytes that they are moved from and to: under AddressSanitizer the first test
 * fails where there is no slack for that.
 */
#include "net_fixture.h"
#include "suite.h"

#include "net/loop.h"

#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum { BINARY = FRAME_FIN | OPCODE_BINARY, SHORT_BYTES = 2 };

static unsigned chunks;

/* ---- the input ---- */

static void take_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length, bool first, bool last)
{
    (void)type;
    ck_assert(first && last);
    ck_assert_uint_eq(conn->loop->deliveries, ++chunks); /* of one callback, so of one read */
    if (chunks == 3) {
        ck_assert_uint_eq(length, SHORT_BYTES);
        ck_assert_ptr_eq(conn->loop->output.scratch, bytes);
        ck_assert_mem_eq(bytes, "ab", SHORT_BYTES);
    }
}

static const struct handler taker = {.schema = {.name = "test"}, .on_chunk = take_chunk};

START_TEST(test_a_short_frame_may_end_where_the_largest_read_ends)
{
    enum { LONG_BYTES = (INPUT_BYTES - 6 - SHORT_BYTES) / 2 - 8 };
    uint8_t *payload = make_payload(LONG_BYTES);
    uint8_t *frames = malloc(INPUT_BYTES + 14);
    struct client *client;
    size_t length = 0;

    net_start(&taker, NULL);
    client = client_open("/x");
    length += client_make_frame(frames + length, BINARY, payload, LONG_BYTES);
    length += client_make_frame(frames + length, BINARY, payload, LONG_BYTES);
    length += client_make_frame(frames + length, BINARY, "ab", SHORT_BYTES);
    ck_assert_uint_eq(length, INPUT_BYTES);
    ck_assert_int_eq(send(client->fd, frames, length, 0), INPUT_BYTES);
    net_settle();
    ck_assert_uint_eq(chunks, 3);
    client_free(client);
    net_stop();
    free(frames);
    free(payload);
}
END_TEST

/* ---- the output ---- */

enum { MESSAGES = 40, MORE_MAX_BYTES = 600 };

static const uint8_t more[MORE_MAX_BYTES] = {'m', 'o', 'r', 'e'};
static size_t more_bytes;

/* Sends more than was received, so that what is gathered would soon run over what is still to be
 * looked at. */
static void echo_and_more(struct conn *conn, enum message_type type, const uint8_t *bytes,
                          size_t length)
{
    ck_assert_int_eq(conn_send(conn, type, bytes, length), SEND_QUEUED);
    ck_assert_int_eq(conn_send(conn, type, more, more_bytes), SEND_QUEUED);
}

static const struct handler talker = {.schema = {.name = "test"}, .on_message = echo_and_more};

static const size_t more_sizes[] = {0, 1, 4, 5, 15, 16, 17, 26, 27, 125, 126, 256, MORE_MAX_BYTES};
enum { MORE_SIZES = sizeof more_sizes / sizeof *more_sizes };

START_TEST(test_answers_do_not_run_over_what_is_still_to_be_looked_at)
{
    uint8_t *payload = make_payload(MESSAGES);
    uint8_t frames[MESSAGES * (14 + MESSAGES)];
    struct client *client;
    size_t length = 0;

    more_bytes = more_sizes[_i];
    net_start(&talker, NULL);
    client = client_open("/x");
    for (size_t i = 0; i < MESSAGES; i++) {
        length += client_make_frame(frames + length, BINARY, payload + i, MESSAGES - i);
    }
    client_send(client, frames, length);
    for (size_t i = 0; i < MESSAGES; i++) {
        client_expect(client, BINARY, payload + i, MESSAGES - i);
        client_expect(client, BINARY, more, more_bytes);
    }
    client_free(client);
    net_stop();
    free(payload);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("buffer");
    TCase *tests = suite_case(suite, "the buffer");

    tcase_add_test(tests, test_a_short_frame_may_end_where_the_largest_read_ends);
    tcase_add_loop_test(tests, test_answers_do_not_run_over_what_is_still_to_be_looked_at, 0,
                        MORE_SIZES);
    return suite_run(suite);
}

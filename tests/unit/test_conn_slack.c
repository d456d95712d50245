/*
 * Short payloads are moved in blocks, which reach behind the buffers that they are moved from and
 * to. Under AddressSanitizer these tests fail where a buffer has no slack for that.
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
    enum { LONG_BYTES = (LOOP_INPUT_BYTES - 6 - SHORT_BYTES) / 2 - 8 };
    uint8_t *payload = make_payload(LONG_BYTES);
    uint8_t *frames = malloc(LOOP_INPUT_BYTES + 14);
    struct client *client;
    size_t length = 0;

    net_start(&taker, NULL);
    client = client_open("/x");
    length += client_make_frame(frames + length, BINARY, payload, LONG_BYTES);
    length += client_make_frame(frames + length, BINARY, payload, LONG_BYTES);
    length += client_make_frame(frames + length, BINARY, "ab", SHORT_BYTES);
    ck_assert_uint_eq(length, LOOP_INPUT_BYTES);
    ck_assert_int_eq(send(client->fd, frames, length, 0), LOOP_INPUT_BYTES);
    net_settle();
    ck_assert_uint_eq(chunks, 3);
    client_free(client);
    net_stop();
    free(frames);
    free(payload);
}
END_TEST

/* ---- the output ---- */

/* What makes the room behind it just enough for an answer of SHORT_BYTES. */
enum {
    FULL_BYTES = OUTPUT_BYTES - FRAME_SERVER_HEADER_MAX - SHORT_BYTES,
    FILL_BYTES = FULL_BYTES - (2 + SHORT_BYTES) - FRAME_SERVER_HEADER_MAX,
};

static uint8_t *fill;

static void echo_and_fill(struct conn *conn, enum message_type type, const uint8_t *bytes,
                          size_t length)
{
    ck_assert_ptr_eq(conn->loop->output.scratch, bytes);
    ck_assert_int_eq(conn_send(conn, type, bytes, length), SEND_QUEUED);
    if (++chunks == 1) {
        ck_assert_int_eq(conn_send(conn, type, fill, FILL_BYTES), SEND_QUEUED);
        ck_assert_uint_eq(conn->loop->output.used, FULL_BYTES);
    }
}

static const struct handler filler = {.schema = {.name = "test"}, .on_message = echo_and_fill};

START_TEST(test_a_short_answer_may_end_where_the_output_ends)
{
    uint8_t frames[2 * (14 + SHORT_BYTES)];
    struct client *client;
    size_t length = 0;

    fill = make_payload(FILL_BYTES);
    net_start(&filler, NULL);
    client = client_open("/x");
    length += client_make_frame(frames + length, BINARY, "ab", SHORT_BYTES);
    length += client_make_frame(frames + length, BINARY, "cd", SHORT_BYTES);
    client_send(client, frames, length);
    client_expect(client, BINARY, "ab", SHORT_BYTES);
    client_expect(client, BINARY, fill, FILL_BYTES);
    client_expect(client, BINARY, "cd", SHORT_BYTES);
    ck_assert_uint_eq(chunks, 2);
    client_free(client);
    net_stop();
    free(fill);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("slack");
    TCase *tests = suite_case(suite, "slack behind buffers");

    tcase_add_test(tests, test_a_short_frame_may_end_where_the_largest_read_ends);
    tcase_add_test(tests, test_a_short_answer_may_end_where_the_output_ends);
    return suite_run(suite);
}

/*
 * Which of a handler's two callbacks for messages is called.
 */
#include "net/conn.h"

#include "net_fixture.h"
#include "suite.h"

#include <stdlib.h>

enum { LONG_BYTES = 1000000 };

static unsigned wholes;
static unsigned chunks;
static size_t chunk_bytes;

static void count_whole(struct conn *conn, enum message_type type, const uint8_t *bytes,
                        size_t length)
{
    (void)conn;
    (void)type;
    (void)bytes;
    (void)length;
    wholes++;
}

static void count_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes,
                        size_t length, bool first, bool last)
{
    (void)conn;
    (void)type;
    (void)bytes;
    ck_assert_int_eq(first, chunk_bytes == 0);
    chunks++;
    chunk_bytes += length;
    ck_assert_int_eq(last, chunk_bytes == LONG_BYTES);
}

static const struct handler handler = {
    .schema = {.name = "test"}, .on_message = count_whole, .on_chunk = count_chunk};

static void send_message(struct client *client, size_t length)
{
    uint8_t *payload = calloc(length, 1);
    uint8_t *frame = malloc(length + FRAME_CLIENT_HEADER_MAX);

    ck_assert_ptr_nonnull(payload);
    ck_assert_ptr_nonnull(frame);
    client_send(client, frame,
                client_make_frame(frame, FRAME_FIN | OPCODE_BINARY, payload, length));
    net_settle();
    free(frame);
    free(payload);
}

START_TEST(test_only_long_messages_come_in_chunks_if_there_is_another_callback)
{
    struct client *client;

    net_start(&handler, NULL);
    client = client_open("/x");
    send_message(client, 20);
    send_message(client, CHUNK_WHOLE_BYTES);
    ck_assert_uint_eq(wholes, 2);
    ck_assert_uint_eq(chunks, 0);
    send_message(client, LONG_BYTES);
    ck_assert_uint_eq(wholes, 2);
    ck_assert_uint_gt(chunks, 1);
    ck_assert_uint_eq(chunk_bytes, LONG_BYTES);
    client_free(client);
    net_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("callbacks");
    TCase *tests = suite_case(suite, "callbacks");

    tcase_add_test(tests, test_only_long_messages_come_in_chunks_if_there_is_another_callback);
    return suite_run(suite);
}

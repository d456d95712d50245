/*
 * Memory shortage on the way of a message: every allocation from the pools fails once, in a
 * sequence that is the same each time. Whatever fails, nothing is used after it was freed, nothing
 * is freed twice or never, and nothing that was said to be sent is missing unless the connection
 * ends.
 *
 * This program has pools of its own in place of those of the daemon. They keep nothing, so that the
 * sanitizer sees every block, and they check what pool_free is told.
 */
#include "base/pool.h"
#include "handlers/rooms.h"
#include "net/tls_rest.h"

#include "certificates.h"
#include "net_fixture.h"
#include "outbox_fixture.h"
#include "suite.h"

#include <errno.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>

/* ---- pools that can be made to fail ---- */

enum { BLOCK_HEADER_BYTES = 16, SLACK_BYTES = 24 };

static long failing_allocation = -1; /* counts down to the one that fails; negative: none does */

void pool_init(struct pool *pool)
{
    (void)pool;
}

void pool_destroy(struct pool *pool)
{
    (void)pool;
}

/* A block knows its size and the capacity that it was given out with. */
void *pool_alloc(struct pool *pool, size_t size, size_t *capacity)
{
    size_t *block;

    (void)pool;
    if (failing_allocation-- == 0 || size > SIZE_MAX / 2) {
        return NULL;
    }
    block = malloc(BLOCK_HEADER_BYTES + size + SLACK_BYTES);
    ck_assert_ptr_nonnull(block);
    block[0] = size;
    if (capacity != NULL) {
        *capacity = size + SLACK_BYTES;
    }
    return (uint8_t *)block + BLOCK_HEADER_BYTES;
}

void pool_free(struct pool *pool, void *block, size_t size)
{
    size_t *start;

    (void)pool;
    if (block == NULL) {
        return;
    }
    start = (size_t *)(void *)((uint8_t *)block - BLOCK_HEADER_BYTES);
    ck_assert(size == start[0] || size == start[0] + SLACK_BYTES);
    free(start);
}

/* Has the allocation with this number fail, counted from now on. */
static void fail_allocation(long number)
{
    failing_allocation = number;
}

/* Whether it has come; none fails from now on. */
static bool has_failed(void)
{
    bool failed = failing_allocation < 0;

    failing_allocation = -1;
    return failed;
}

/* ---- the outbox ---- */

enum { DATA = FRAME_FIN | OPCODE_BINARY, PONG = FRAME_FIN | OPCODE_PONG };

static bool append(uint8_t first_byte, size_t payload_bytes, unsigned number, long failing)
{
    struct parcel *parcel = make_parcel(first_byte, payload_bytes, number);
    bool done;

    fail_allocation(failing);
    done = outbox_append(&outbox_pool, outbox, parcel);
    has_failed();
    parcel_release(&outbox_pool, parcel);
    check_outbox();
    return done;
}

static bool insert(long failing)
{
    static const uint8_t frame[] = {PONG, 0};
    bool done;

    fail_allocation(failing);
    done = outbox_insert_control(&outbox_pool, outbox, frame, sizeof frame, true);
    has_failed();
    check_outbox();
    return done;
}

static bool prepend(const struct stream *written, size_t sent, long failing)
{
    bool done;

    fail_allocation(failing);
    done = outbox_prepend_rest(&outbox_pool, outbox, written->bytes, written->length, sent);
    has_failed();
    return done;
}

START_TEST(test_what_could_not_be_queued_leaves_the_queue_as_it_was)
{
    static const size_t sizes[] = {10, 5000};
    bool done = false;

    for (long failing = 0; !done; failing++) {
        begin_anew();
        append_message(30, 0);
        append_message(30, 1);
        append_message(30, 2);
        take_bytes(40); /* a block that has been begun */
        stream_add(&outbox_expected, DATA, 30, 0);
        stream_add(&outbox_expected, DATA, 30, 1);
        done = _i < 2 ? append(DATA, sizes[_i], 3, failing) : insert(failing);
        if (_i == 2 && done) {
            stream_add(&outbox_expected, PONG, 0, 0);
        }
        stream_add(&outbox_expected, DATA, 30, 2);
        if (_i < 2 && done) {
            stream_add(&outbox_expected, DATA, sizes[_i], 3);
        }
        take_all();
        check_sent();
    }
}
END_TEST

/* When the cut cannot be made a little more is kept, but only whole frames. */
START_TEST(test_dropping_without_memory_keeps_whole_frames)
{
    append_message(30, 0);
    append_message(30, 1);
    append_message(30, 2);
    take_bytes(40);
    fail_allocation(0);
    outbox_drop_unsent(&outbox_pool, outbox);
    ck_assert(has_failed());
    check_outbox();
    for (unsigned i = 0; i < 3; i++) {
        stream_add(&outbox_expected, DATA, 30, i);
    }
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_a_rest_that_could_not_be_kept_is_reported)
{
    static struct stream written;
    long failures = 0;

    written.length = 0;
    stream_add(&written, DATA, 30, 0);
    stream_add(&written, PONG, 3, 1);
    while (!prepend(&written, 5, failures)) {
        failures++;
        begin_anew();
    }
    ck_assert_int_ge(failures, 3);
    check_outbox();
}
END_TEST

/* ---- the rest of a TLS connection ---- */

START_TEST(test_ciphertext_that_could_not_be_kept_leaves_the_rest_as_it_was)
{
    static const uint8_t bytes[100] = "0123456789";
    struct tls_rest rest = {0};
    struct pool pool;

    pool_init(&pool);
    for (size_t length = 0; length <= 10; length += 10) {
        fail_allocation(0);
        ck_assert_int_eq(tls_rest_add(&pool, &rest, bytes, 100), ENOMEM);
        ck_assert(has_failed());
        ck_assert_uint_eq(tls_rest_length(&rest), length);
        if (length == 0) {
            ck_assert_int_eq(tls_rest_add(&pool, &rest, bytes, 10), 0);
        }
    }
    ck_assert_mem_eq(rest.bytes + rest.start, bytes, 10);
    tls_rest_sent(&pool, &rest, 10);
    ck_assert_ptr_null(rest.bytes);
    pool_destroy(&pool);
}
END_TEST

/* ---- a whole connection ---- */

static struct tls_context *context; /* NULL: plain */
static SSL_CTX *client_context;

static void prepare_tls(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    context = make_tls_context();
    client_context = make_tls_client_context();
}

static void free_tls(void)
{
    SSL_CTX_free(client_context);
    tls_context_free(context);
    context = NULL;
}

/* The client whose server's memory will be short, up to where TLS is there. */
static struct client *connect_client(void)
{
    struct client *client;

    if (context == NULL) {
        return client_connect(NULL);
    }
    net.listener.tls = context;
    client = client_connect(SSL_new(client_context));
    SSL_set_connect_state(client->ssl);
    while (SSL_do_handshake(client->ssl) != 1) {
        net_turn();
    }
    return client;
}

static unsigned opened;
static unsigned closed;

static enum upgrade_decision take_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason)
{
    (void)info;
    *status = 503;
    *reason = "Memory is short.";
    if (!room_join(conn, conn_state(conn), SLICE("namespace"), SLICE("name"))) {
        return UPGRADE_REFUSE;
    }
    opened++;
    return UPGRADE_ACCEPT;
}

/* Sends back, streams, publishes: what cannot be done ends the connection. */
static void take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    if (conn_send(conn, type, bytes, length) == SEND_NO_MEMORY ||
        conn_send_begin(conn, type) == SEND_NO_MEMORY ||
        conn_send_chunk(conn, bytes, length) == SEND_NO_MEMORY ||
        conn_send(conn, type, bytes, length) == SEND_NO_MEMORY ||
        !room_publish(conn_state(conn), type, bytes, length, true) ||
        conn_send_end(conn, bytes, length) == SEND_NO_MEMORY) {
        conn_close(conn, CLOSE_TRY_LATER, "memory is short");
    }
}

static void take_close(struct conn *conn)
{
    closed++;
    room_leave(conn_state(conn));
}

static const struct handler handler = {
    .schema = {.name = "test"},
    .state_bytes = sizeof(struct room_member),
    .on_upgrade = take_upgrade,
    .on_message = take_message,
    .on_close = take_close,
};

static const char request[] = "GET /x HTTP/1.1\r\nHost: a\r\nUpgrade: websocket\r\n"
                              "Connection: Upgrade\r\nSec-WebSocket-Version: 13\r\n"
                              "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n\r\n";

/* All that a connection may meet: pieces of a head, fragments, pieces of frames, Pings, a backlog,
 * more frames than the budget. */
static size_t make_input(uint8_t *target)
{
    static const uint8_t payload[9000];
    size_t length = sizeof request - 1;

    memcpy(target, request, length);
    length += client_make_frame(target + length, OPCODE_BINARY, payload, 300);
    length += client_make_frame(target + length, FRAME_FIN | OPCODE_PING, "1", 1);
    length += client_make_frame(target + length, FRAME_FIN, payload, 5000);
    for (int i = 0; i < 10; i++) {
        length += client_make_frame(target + length, DATA, payload, (size_t)i * 900);
        length += client_make_frame(target + length, FRAME_FIN | OPCODE_PING, "2", 1);
    }
    for (int i = 0; i < LOOP_DELIVERIES_MAX + 10; i++) {
        length += client_make_frame(target + length, PONG, "", 0);
    }
    length += client_make_frame(target + length, FRAME_FIN | OPCODE_CLOSE,
                                "\x03\xe8"
                                "bye",
                                5);
    return length;
}

/* Sends in pieces of different sizes, as long as somebody is there to take them. */
static void send_input(struct client *client, const uint8_t *input, size_t length)
{
    size_t piece = 50;

    while (length > 0 && net_connections() == 2) {
        size_t part = piece < length ? piece : length;

        client_send(client, input, part);
        net_turn();
        input += part;
        length -= part;
        piece += piece / 2;
    }
}

/* What has come behind a 101 are frames of the kinds that are sent here, up to where it ends. */
static void check_frames(struct client *client)
{
    static const uint8_t kinds[] = {DATA,      OPCODE_BINARY, OPCODE_CONTINUATION,
                                    FRAME_FIN, PONG,          FRAME_FIN | OPCODE_CLOSE};
    const uint8_t *end = memmem(client->bytes, client->length, "\r\n\r\n", 4);

    if (end == NULL || memcmp(client->bytes, "HTTP/1.1 101", 12) != 0) {
        return;
    }
    client->taken = (size_t)(end - client->bytes) + 4;
    while (client_has_frame(client)) {
        ck_assert_ptr_nonnull(memchr(kinds, client_frame(client).first_byte, sizeof kinds));
    }
}

/* Returns whether there was an allocation of that number. */
static bool live_with_failure(const uint8_t *input, size_t length, long failing)
{
    struct client *other;
    struct client *client;
    bool failed;

    net_start(&handler, NULL);
    other = client_open("/x");
    client = connect_client();
    client_squeeze(client);
    fail_allocation(failing);
    send_input(client, input, length);
    net_settle();
    failed = has_failed();
    while (client_receive(client) + client_receive(other) > 0) {
        net_settle();
    }
    check_frames(client);
    client_close(client);
    client_close(other);
    net_settle();
    ck_assert_uint_eq(net_connections(), 0);
    ck_assert_uint_eq(closed, opened);
    client_free(client);
    client_free(other);
    net_stop();
    return failed;
}

START_TEST(test_a_connection_survives_or_ends_whichever_allocation_fails)
{
    static uint8_t input[80000 + 6 * LOOP_DELIVERIES_MAX];
    size_t length = make_input(input);
    long failing = 0;

    while (live_with_failure(input, length, failing)) {
        failing++;
    }
    ck_assert_int_gt(failing, 100);
}
END_TEST

static void deliver(struct conn *conn, const char *text)
{
    struct pool *pool = &net.loop->pool;
    struct message *message =
        conn_take_message(conn, MESSAGE_TEXT, (const uint8_t *)text, strlen(text));
    struct parcel *parcel = parcel_create(pool, message);

    failing_allocation = 0;
    conn_deliver(conn, parcel);
    failing_allocation = -1;
    parcel_release(pool, parcel);
}

/* The second does not lie behind the first, so there should have been a queue for both. */
START_TEST(test_a_member_whose_publications_cannot_be_queued_is_closed_and_sees_no_gap)
{
    struct client *client;

    net_start(&handler, NULL);
    client = client_open("/x");
    deliver(client->conn, "lost");
    deliver(client->conn, "must not follow");
    deliver(client->conn, "nor this");
    client_expect_close(client, CLOSE_TRY_LATER);
    client_free(client);
    net_stop();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("memory shortage");
    TCase *queue = tcase_create("outbox");
    TCase *whole = tcase_create("connection");
    TCase *secure = tcase_create("connection over TLS");
    int result;

    tcase_add_checked_fixture(queue, outbox_fixture_start, outbox_fixture_stop);
    tcase_set_timeout(whole, 60);
    tcase_set_timeout(secure, 60);
    tcase_add_checked_fixture(secure, prepare_tls, free_tls);
    tcase_add_loop_test(queue, test_what_could_not_be_queued_leaves_the_queue_as_it_was, 0, 3);
    tcase_add_test(queue, test_dropping_without_memory_keeps_whole_frames);
    tcase_add_test(queue, test_a_rest_that_could_not_be_kept_is_reported);
    tcase_add_test(queue, test_ciphertext_that_could_not_be_kept_leaves_the_rest_as_it_was);
    tcase_add_test(whole,
                   test_a_member_whose_publications_cannot_be_queued_is_closed_and_sees_no_gap);
    tcase_add_test(whole, test_a_connection_survives_or_ends_whichever_allocation_fails);
    tcase_add_test(secure, test_a_connection_survives_or_ends_whichever_allocation_fails);
    suite_add_tcase(suite, queue);
    suite_add_tcase(suite, whole);
    suite_add_tcase(suite, secure);
    certificates_make();
    result = suite_run(suite);
    certificates_remove();
    return result;
}

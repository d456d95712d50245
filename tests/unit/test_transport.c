/*
 * The bytes of a connection, plain and TLS, through sockets that hold very little.
 */
#include "net/tls_stream.h"

#include "certificates.h"
#include "net_fixture.h"
#include "suite.h"

#include <errno.h>
#include <openssl/err.h>
#include <openssl/sha.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TOTAL_BYTES = 3000000, VECTORS_MAX = 20 };

static struct tls_context *context;
static SSL_CTX *client_context;
static struct transport server;
static SSL *client; /* NULL: plain */
static int client_fd;
static struct pool pool;
static struct tls_wire wire;
static uint8_t input[INPUT_BYTES];

/* ---- both ends ---- */

static void make_sockets(void)
{
    int sockets[2];
    int least = 1;

    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, sockets), 0);
    ck_assert_int_eq(setsockopt(sockets[1], SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
    client_fd = sockets[0];
    server = (struct transport){.fd = sockets[1]};
}

static void prepare_plain(void)
{
    make_sockets();
    client = NULL;
}

/* The client's OpenSSL writes as write(2) does. */
static void prepare_tls(void)
{
    (void)signal(SIGPIPE, SIG_IGN);
    context = make_tls_context();
    client_context = make_tls_client_context();
    make_sockets();
    pool_init(&pool);
    ck_assert(tls_wire_init(&wire, &pool));
    ck_assert(transport_start_tls(&server, &wire, context));
    client = SSL_new(client_context);
    SSL_set_fd(client, client_fd);
    SSL_set_connect_state(client);
}

static void shake_hands(void)
{
    const char *why = NULL;
    enum transport_handshake state = TRANSPORT_HANDSHAKE_WANTS_READ;

    while (state != TRANSPORT_HANDSHAKE_DONE || !SSL_is_init_finished(client)) {
        SSL_do_handshake(client);
        if (state != TRANSPORT_HANDSHAKE_DONE) {
            state = transport_handshake(&server, &why);
        }
        ck_assert_int_lt(state, TRANSPORT_HANDSHAKE_PLAIN_HTTP);
    }
}

static void prepare_connected(void)
{
    prepare_tls();
    shake_hands();
}

static void clean_up(void)
{
    transport_close(&server);
    transport_close(&server);
    transport_free(&server);
    SSL_free(client);
    close(client_fd);
    SSL_CTX_free(client_context);
    client_context = NULL;
    tls_context_free(context);
    context = NULL;
    tls_wire_free(&wire);
    wire = (struct tls_wire){0};
    pool_destroy(&pool);
    ERR_clear_error();
}

/* Returns what was there, 0 when nothing was, -1 at the end. */
static ssize_t client_read(uint8_t *target, size_t length)
{
    ssize_t got;

    if (client == NULL) {
        got = recv(client_fd, target, length, 0);
        return got > 0 ? got : got < 0 && errno == EAGAIN ? 0 : -1;
    }
    ERR_clear_error();
    got = SSL_read(client, target, (int)length);
    return got > 0 ? got : SSL_get_error(client, (int)got) == SSL_ERROR_WANT_READ ? 0 : -1;
}

static ssize_t client_write(const void *bytes, size_t length)
{
    return client != NULL ? SSL_write(client, bytes, (int)length)
                          : send(client_fd, bytes, length, MSG_NOSIGNAL);
}

/* ---- a long stream through a narrow pipe ---- */

static uint64_t random_state = 1;

static size_t random_below(size_t bound)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(random_state >> 33) % bound;
}

static uint8_t stream[TOTAL_BYTES];
static uint8_t received[TOTAL_BYTES];

static void make_stream(void)
{
    for (size_t i = 0; i < TOTAL_BYTES; i++) {
        stream[i] = (uint8_t)random_below(256);
    }
}

/* Cuts what is left into vectors, at other places than before: nothing depends on those. */
static int make_vectors(struct iovec *vectors, size_t from)
{
    int count = 1 + (int)random_below(VECTORS_MAX);

    for (int i = 0; i < count; i++) {
        size_t length = 1 + random_below(random_below(2) == 0 ? 40 : 9000);

        length = length < TOTAL_BYTES - from ? length : TOTAL_BYTES - from;
        vectors[i] = (struct iovec){stream + from, length};
        from += length;
        if (from == TOTAL_BYTES) {
            return i + 1;
        }
    }
    return count;
}

/* One write of what is left. Returns what the transport has taken. */
static size_t write_some(size_t from)
{
    struct iovec vectors[VECTORS_MAX];
    int count = from < TOTAL_BYTES ? make_vectors(vectors, from) : 0;
    ssize_t sent = transport_write(&server, vectors, count);

    ck_assert_int_ne(sent, TRANSPORT_FAILED);
    if (client != NULL) { /* they are scratch between two calls */
        memset(wire.output, 0xee, TLS_OUTPUT_BYTES);
        memset(wire.record, 0xee, TLS_RECORD_BYTES);
    }
    return sent > 0 ? (size_t)sent : 0;
}

static unsigned rests;

static void pump_stream(void)
{
    size_t sent = 0;
    size_t arrived = 0;

    while (arrived < TOTAL_BYTES) {
        ssize_t got;

        if (sent < TOTAL_BYTES || transport_has_rest(&server)) {
            sent += write_some(sent);
            rests += transport_has_rest(&server);
        }
        got = client_read(received + arrived, 1 + random_below(TOTAL_BYTES - arrived));
        ck_assert_int_ge(got, 0);
        arrived += (size_t)got;
        ck_assert_uint_le(arrived, sent);
    }
    ck_assert_uint_eq(sent, TOTAL_BYTES);
}

static void check_stream(void)
{
    uint8_t expected[SHA256_DIGEST_LENGTH];
    uint8_t actual[SHA256_DIGEST_LENGTH];

    SHA256(stream, TOTAL_BYTES, expected);
    SHA256(received, TOTAL_BYTES, actual);
    ck_assert_mem_eq(actual, expected, sizeof actual);
}

START_TEST(test_a_stream_arrives_as_it_was_sent)
{
    make_stream();
    pump_stream();
    check_stream();
    ck_assert_int_eq(rests > 0, client != NULL);
    ck_assert(!transport_has_rest(&server));
}
END_TEST

/* ---- records ---- */

static unsigned records;
static size_t record_bytes;

/* Counts the records that the client gets. */
static void see_record(int is_write, int version, int type, const void *header, size_t length,
                       SSL *ssl, void *argument)
{
    const uint8_t *bytes = header;

    (void)version;
    (void)length;
    (void)ssl;
    (void)argument;
    if (!is_write && type == SSL3_RT_HEADER) {
        records++;
        record_bytes += (size_t)(bytes[3] << 8 | bytes[4]);
    }
}

START_TEST(test_many_small_pieces_make_few_full_records)
{
    enum { PIECES = 64, PIECE_BYTES = 700 };
    struct iovec vectors[PIECES];
    size_t total = PIECES * PIECE_BYTES;
    size_t sent = 0;
    size_t arrived = 0;
    int roomy = 1 << 20;

    ck_assert_int_eq(setsockopt(server.fd, SOL_SOCKET, SO_SNDBUF, &roomy, sizeof roomy), 0);
    make_stream();
    client_read(received, 1); /* session tickets */
    SSL_set_msg_callback(client, see_record);
    for (int i = 0; i < PIECES; i++) {
        vectors[i] = (struct iovec){stream + (size_t)i * PIECE_BYTES, PIECE_BYTES};
    }
    sent = (size_t)transport_write(&server, vectors, PIECES);
    ck_assert_uint_eq(sent, total);
    while (arrived < total) {
        arrived += (size_t)client_read(received + arrived, total - arrived);
    }
    ck_assert_mem_eq(received, stream, total);
    ck_assert_uint_eq(records, (total + TLS_RECORD_BYTES - 1) / TLS_RECORD_BYTES);
    ck_assert_uint_ge(record_bytes, total);
}
END_TEST

/* ---- reading ---- */

START_TEST(test_what_arrives_is_read)
{
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_AGAIN);
    ck_assert_int_eq(client_write("hello world", 11), 11);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 11);
    ck_assert_mem_eq(input, "hello world", 11);
    ck_assert(!transport_has_pending(&server));
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_AGAIN);
}
END_TEST

START_TEST(test_what_arrives_is_read_up_to_the_room_there_is)
{
    ck_assert_int_eq(client_write("hello world", 11), 11);
    ck_assert_int_eq(transport_read(&server, input, 5), 5);
    ck_assert_mem_eq(input, "hello", 5);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 6);
    ck_assert_mem_eq(input, " world", 6);
}
END_TEST

START_TEST(test_several_records_are_read_at_once)
{
    for (int i = 0; i < 3; i++) {
        ck_assert_int_eq(client_write(stream, TLS_RECORD_BYTES), TLS_RECORD_BYTES);
    }
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 3 * TLS_RECORD_BYTES);
}
END_TEST

START_TEST(test_the_peer_s_end_is_read_behind_its_last_bytes)
{
    ck_assert_int_eq(client_write("bye", 3), 3);
    if (client != NULL) {
        SSL_shutdown(client);
    }
    shutdown(client_fd, SHUT_WR);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 3);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
}
END_TEST

START_TEST(test_an_end_without_close_notify_is_an_end)
{
    shutdown(client_fd, SHUT_WR);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
}
END_TEST

START_TEST(test_bytes_that_are_not_tls_fail_and_it_is_known_that_they_have)
{
    ck_assert_int_eq(send(client_fd, "this is not a record at all", 27, 0), 27);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_FAILED);
    ck_assert_int_eq(errno, EPROTO);
    ck_assert(transport_has_pending(&server));
}
END_TEST

/* ---- failing and ending ---- */

START_TEST(test_writing_to_a_peer_that_is_gone_fails)
{
    struct iovec vectors[2] = {{stream, 100}, {stream, 100}};

    close(client_fd);
    client_fd = -1;
    ck_assert_int_eq(transport_write(&server, vectors, 1 + _i), TRANSPORT_FAILED);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

/* OpenSSL reports the peer's end, which was seen before, and not what the kernel has refused. */
START_TEST(test_writing_to_a_peer_that_has_ended_and_is_gone_fails)
{
    struct iovec vectors[2] = {{stream, 100}, {stream, 100}};
    if (client != NULL && _i == 0) {
        SSL_shutdown(client);
    }
    shutdown(client_fd, SHUT_WR);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
    close(client_fd);
    client_fd = -1;
    ck_assert_int_eq(transport_write(&server, vectors, 2), TRANSPORT_FAILED);
    ck_assert_int_eq(errno, EPIPE);
}
END_TEST

START_TEST(test_half_closing_says_so_and_still_reads)
{
    transport_half_close(&server);
    ck_assert_int_eq(client_read(input, sizeof input), -1);
    if (client != NULL) {
        ck_assert_int_eq(SSL_get_shutdown(client) & SSL_RECEIVED_SHUTDOWN, SSL_RECEIVED_SHUTDOWN);
    }
    ck_assert_int_eq(client_write("late", 4), 4);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 4);
}
END_TEST

START_TEST(test_a_broken_connection_is_ended_all_the_same)
{
    while (client_read(input, sizeof input) > 0) {} /* session tickets */
    ck_assert_int_eq(send(client_fd, "this is not a record at all", 27, 0), 27);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_FAILED);
    transport_half_close(&server);
    while (client_read(input, sizeof input) >= 0) {}
    ck_assert_int_eq(recv(client_fd, input, sizeof input, 0), 0);
}
END_TEST

/* ---- handshakes ---- */

START_TEST(test_http_on_a_tls_port_is_known_and_can_be_answered_in_plain_text)
{
    struct iovec vector = {stream, 5};
    const char *why = NULL;
    ck_assert_int_gt(send(client_fd, "GET / HTTP/1.1\r\n\r\n", 18, 0), 0);
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_PLAIN_HTTP);
    transport_free(&server);
    memcpy(stream, "plain", 5);
    ck_assert_int_eq(transport_write(&server, &vector, 1), 5);
    ck_assert_int_eq(recv(client_fd, input, sizeof input, 0), 5);
    ck_assert_mem_eq(input, "plain", 5);
}
END_TEST

START_TEST(test_a_handshake_that_fails_says_why)
{
    const char *why = NULL;

    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_WANTS_READ);
    if (_i == 0) {
        ck_assert_int_gt(send(client_fd, "\x16\x03\x01\xff\xff nonsense", 14, 0), 0);
    } else {
        shutdown(client_fd, SHUT_WR);
    }
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_FAILED);
    ck_assert_ptr_nonnull(why);
    ck_assert(transport_has_pending(&server));
    transport_half_close(&server);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*prepare)(void))
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, prepare, clean_up);
    suite_add_tcase(suite, tests);
    return tests;
}

/* What holds for both. */
static void add_common_tests(TCase *tests)
{
    tcase_add_test(tests, test_a_stream_arrives_as_it_was_sent);
    tcase_add_test(tests, test_what_arrives_is_read);
    tcase_add_test(tests, test_the_peer_s_end_is_read_behind_its_last_bytes);
    tcase_add_test(tests, test_an_end_without_close_notify_is_an_end);
    tcase_add_loop_test(tests, test_writing_to_a_peer_that_is_gone_fails, 0, 2);
    tcase_add_loop_test(tests, test_writing_to_a_peer_that_has_ended_and_is_gone_fails, 0, 2);
    tcase_add_test(tests, test_half_closing_says_so_and_still_reads);
}

int main(void)
{
    Suite *suite = suite_create("transport");
    TCase *plain = add_case(suite, "plain", prepare_plain);
    TCase *tls = add_case(suite, "TLS", prepare_connected);
    TCase *handshake = add_case(suite, "TLS handshake", prepare_tls);
    int result;

    add_common_tests(plain);
    add_common_tests(tls);
    tcase_add_test(plain, test_what_arrives_is_read_up_to_the_room_there_is);
    tcase_add_test(tls, test_many_small_pieces_make_few_full_records);
    tcase_add_test(tls, test_several_records_are_read_at_once);
    tcase_add_test(tls, test_bytes_that_are_not_tls_fail_and_it_is_known_that_they_have);
    tcase_add_test(tls, test_a_broken_connection_is_ended_all_the_same);
    tcase_add_test(handshake, test_http_on_a_tls_port_is_known_and_can_be_answered_in_plain_text);
    tcase_add_loop_test(handshake, test_a_handshake_that_fails_says_why, 0, 2);
    certificates_make();
    result = suite_run(suite);
    certificates_remove();
    return result;
}

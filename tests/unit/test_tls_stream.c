/*
 * System calls and buffers of TLS. The sockets keep packets apart, so what one recv or one send
 * takes shows: a recv of less than a packet would lose the rest of it. The client works on memory
 * and decides what goes into a packet.
 */
#include "net/tls_stream.h"

#include "certificates.h"
#include "net_fixture.h"
#include "suite.h"

#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

enum { PACKET_MAX_BYTES = 1 << 19, ROOMY_BYTES = 1 << 20 };

static struct tls_context *context;
static SSL_CTX *client_context;
static struct pool pool;
static struct tls_wire wire;

static struct transport server;
static SSL *client;
static int client_fd;

static uint8_t input[INPUT_BYTES];
static uint8_t packet[PACKET_MAX_BYTES];

/* ---- both ends ---- */

static void make_sockets(int type, int send_buffer_bytes)
{
    int sockets[2];

    ck_assert_int_eq(socketpair(AF_UNIX, type | SOCK_NONBLOCK, 0, sockets), 0);
    ck_assert_int_eq(setsockopt(sockets[1], SOL_SOCKET, SO_SNDBUF, &send_buffer_bytes, sizeof(int)),
                     0);
    client_fd = sockets[0];
    server = (struct transport){.fd = sockets[1]};
}

static void make_ends(int type, int send_buffer_bytes)
{
    make_sockets(type, send_buffer_bytes);
    ck_assert(transport_start_tls(&server, &wire, context));
    client = SSL_new(client_context);
    SSL_set_bio(client, BIO_new(BIO_s_mem()), BIO_new(BIO_s_mem()));
    SSL_set_connect_state(client);
}

static void free_ends(void)
{
    transport_close(&server);
    transport_free(&server);
    SSL_free(client);
    close(client_fd);
}

/* What the client has written since the last time, as one packet. Returns its length. */
static size_t take_packet(void)
{
    int length = BIO_read(SSL_get_wbio(client), packet, sizeof packet);

    return length > 0 ? (size_t)length : 0;
}

static void send_packet(size_t length)
{
    ck_assert_int_eq(send(client_fd, packet, length, MSG_NOSIGNAL), length);
}

/* Gives the client what one recv of up to `room` bytes brings; returns how much. */
static size_t receive_packet(size_t room)
{
    ssize_t length = recv(client_fd, packet, room, 0);

    if (length > 0) {
        ck_assert_int_eq(BIO_write(SSL_get_rbio(client), packet, (int)length), length);
    }
    return length > 0 ? (size_t)length : 0;
}

static void client_writes(const void *bytes, size_t length)
{
    ck_assert_int_eq(SSL_write(client, bytes, (int)length), length);
}

/* The packets of a handshake, up to the client's last, which is left in `packet`. */
static size_t begin_handshake(void)
{
    const char *why = NULL;

    ck_assert_int_ne(SSL_do_handshake(client), 1);
    send_packet(take_packet());
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_WANTS_READ);
    ck_assert_uint_gt(receive_packet(sizeof packet), 0);
    ck_assert_int_eq(SSL_do_handshake(client), 1);
    return take_packet();
}

static void shake_hands(void)
{
    const char *why = NULL;

    send_packet(begin_handshake());
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_DONE);
    ck_assert(!transport_has_pending(&server));
    receive_packet(sizeof packet); /* a session ticket */
    ck_assert_int_eq(SSL_read(client, input, sizeof input), -1);
}

static void prepare(void)
{
    context = make_tls_context();
    client_context = make_tls_client_context();
    pool_init(&pool);
    ck_assert(tls_wire_init(&wire, &pool));
    make_ends(SOCK_SEQPACKET, ROOMY_BYTES);
}

static void prepare_connected(void)
{
    prepare();
    shake_hands();
}

/* A stream into a socket that holds very little, which has no need of packets. */
static void prepare_narrow(void)
{
    prepare();
    free_ends();
    make_ends(SOCK_STREAM, 1);
    shake_hands();
}

static void clean_up(void)
{
    ck_assert_uint_eq(tls_wire_input_length(&wire), 0);
    ck_assert_uint_eq(wire.output_length, 0);
    free_ends();
    SSL_CTX_free(client_context);
    tls_context_free(context);
    tls_wire_free(&wire);
    pool_destroy(&pool);
    ERR_clear_error();
}

static void expect_read(const void *bytes, size_t length)
{
    ck_assert_int_eq(transport_read(&server, input, sizeof input), length);
    ck_assert_mem_eq(input, bytes, length);
}

static void expect_failure(int error)
{
    errno = 0;
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_FAILED);
    ck_assert_int_eq(errno, error);
}

/* ---- one recv ---- */

START_TEST(test_a_read_is_one_recv_whatever_it_brings)
{
    enum { PART_BYTES = TLS_RECORD_BYTES, PARTS = 6 };
    uint8_t *payload = make_payload(PARTS * PART_BYTES);

    for (size_t i = 0; i < PARTS; i++) {
        client_writes(payload + i * PART_BYTES, PART_BYTES);
    }
    send_packet(take_packet());
    client_writes("second", 6);
    send_packet(take_packet());
    expect_read(payload, PARTS * PART_BYTES);
    ck_assert(!transport_has_pending(&server));
    expect_read("second", 6);
    free(payload);
}
END_TEST

/* Reads what one packet brings behind what others have brought. Returns how much there is. */
static size_t read_behind(uint8_t *target, size_t length)
{
    ssize_t got = transport_read(&server, input, sizeof input);

    ck_assert_int_ne(got, TRANSPORT_FAILED);
    ck_assert_int_ne(got, 0);
    ck_assert(!transport_has_pending(&server));
    if (got > 0) {
        memcpy(target + length, input, (size_t)got);
        length += (size_t)got;
    }
    return length;
}

START_TEST(test_records_may_be_cut_anywhere)
{
    enum { PACKET_BYTES = 2 * (5 + 1 + 16) + 11 };
    uint8_t got[11];

    for (size_t cut = 1; cut < PACKET_BYTES; cut++) {
        size_t length = 0;

        client_writes("first", 5);
        client_writes("second", 6);
        ck_assert_uint_eq(take_packet(), PACKET_BYTES);
        ck_assert_int_eq(send(client_fd, packet, cut, 0), cut);
        ck_assert_int_eq(send(client_fd, packet + cut, PACKET_BYTES - cut, 0), PACKET_BYTES - cut);
        length = read_behind(got, length);
        length = read_behind(got, length);
        ck_assert_uint_eq(length, sizeof got);
        ck_assert_mem_eq(got, "firstsecond", sizeof got);
    }
}
END_TEST

/* What comes before it is read first, and nothing behind it. */
START_TEST(test_an_end_behind_bytes_is_known_without_another_recv)
{
    client_writes("bye", 3);
    SSL_shutdown(client);
    send_packet(take_packet());
    expect_read("bye", 3);
    ck_assert(transport_has_pending(&server));
    ck_assert_int_eq(send(client_fd, "too late", 8, 0), 8);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
    ck_assert_int_eq(transport_read(&server, input, sizeof input), 0);
    ck_assert_int_eq(recv(server.fd, packet, sizeof packet, 0), 8);
}
END_TEST

START_TEST(test_a_failure_behind_bytes_is_known_without_another_recv)
{
    size_t length;

    client_writes("data", 4);
    length = take_packet();
    memcpy(packet + length, "this is not a record, and more", 30);
    send_packet(length + 30);
    expect_read("data", 4);
    ck_assert(transport_has_pending(&server));
    client_writes("more", 4);
    send_packet(take_packet());
    expect_failure(EPROTO);
    expect_failure(EPROTO);
}
END_TEST

START_TEST(test_a_failure_is_told_to_the_client)
{
    ck_assert_int_eq(send(client_fd, "this is not a record at all", 27, 0), 27);
    expect_failure(EPROTO);
    ck_assert_uint_gt(receive_packet(sizeof packet), 0);
    ck_assert_int_le(SSL_read(client, packet, 1), 0);
    ck_assert_int_eq(SSL_get_error(client, 0), SSL_ERROR_SSL);
}
END_TEST

START_TEST(test_what_comes_with_the_end_of_the_handshake_is_read)
{
    const char *why = NULL;
    size_t length = begin_handshake();

    client_writes("request", 7);
    length += (size_t)BIO_read(SSL_get_wbio(client), packet + length, 100);
    send_packet(length);
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_DONE);
    ck_assert(transport_has_pending(&server));
    expect_read("request", 7);
    ck_assert(!transport_has_pending(&server));
}
END_TEST

/* The next connection of the thread gets nothing of it. */
START_TEST(test_a_handshake_that_fails_leaves_nothing_behind)
{
    const char *why = NULL;

    memset(packet, 0x16, 1000);
    send_packet(1000);
    ck_assert_int_eq(transport_handshake(&server, &why), TRANSPORT_HANDSHAKE_FAILED);
    ck_assert_uint_eq(tls_wire_input_length(&wire), 0);
    free_ends();
    make_ends(SOCK_SEQPACKET, ROOMY_BYTES);
    shake_hands();
}
END_TEST

/* ---- one send ---- */

/* Counts the records in a packet, which must be whole. */
static unsigned count_records(size_t length)
{
    enum { HEADER_BYTES = 5 };
    unsigned records = 0;
    size_t at = 0;

    while (at + HEADER_BYTES <= length) {
        at += HEADER_BYTES + (size_t)(packet[at + 3] << 8 | packet[at + 4]);
        records++;
    }
    ck_assert_uint_eq(at, length);
    return records;
}

START_TEST(test_a_write_is_one_send)
{
    enum { LENGTH = 65536 + 10, FIRST = 10, SECOND = 3000 };
    uint8_t *payload = make_payload(LENGTH);
    struct iovec vectors[] = {{payload, FIRST},
                              {payload + FIRST, SECOND},
                              {payload + FIRST + SECOND, LENGTH - FIRST - SECOND}};
    size_t length;
    int got = 0;

    ck_assert_int_eq(transport_write(&server, vectors, 3), LENGTH);
    length = receive_packet(sizeof packet);
    ck_assert_uint_eq(receive_packet(sizeof packet), 0);
    ck_assert_uint_eq(length, (LENGTH + 5 * (5 + 1 + 16)));
    ck_assert_uint_eq(count_records(length), 5);
    while (got < LENGTH) {
        int here = SSL_read(client, packet + got, LENGTH);

        ck_assert_int_gt(here, 0);
        got += here;
    }
    ck_assert_mem_eq(packet, payload, LENGTH);
    free(payload);
}
END_TEST

/* Each is as much as the buffer holds. */
START_TEST(test_a_long_write_is_several_sends)
{
    enum { LENGTH = 2 * TLS_BATCH_RECORDS * TLS_RECORD_BYTES };
    struct iovec vector = {make_payload(LENGTH), LENGTH};

    ck_assert_int_eq(transport_write(&server, &vector, 1), LENGTH);
    for (int i = 0; i < 2; i++) {
        ck_assert_uint_eq(count_records(receive_packet(sizeof packet)), TLS_BATCH_RECORDS);
    }
    ck_assert_uint_eq(receive_packet(sizeof packet), 0);
    free(vector.iov_base);
}
END_TEST

/* At the latest the next write brings the answer (RFC 8446 section 4.6.3). */
START_TEST(test_new_keys_are_answered)
{
    struct iovec vector = {input, 4};
    unsigned records = 0;
    size_t length;

    ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
    client_writes("data", 4);
    send_packet(take_packet());
    expect_read("data", 4);
    ck_assert_int_eq(transport_write(&server, &vector, 1), 4);
    while ((length = receive_packet(sizeof packet)) > 0) {
        records += count_records(length);
    }
    ck_assert_uint_eq(records, 2);
    ck_assert_int_eq(SSL_read(client, packet, 100), 4);
    ck_assert_mem_eq(packet, "data", 4);
}
END_TEST

/* ---- a rest ---- */

/* Writes until the kernel takes no more. Returns the plaintext that has been taken. */
static size_t write_until_blocked(const uint8_t *payload, size_t length)
{
    struct iovec vector = {(void *)(uintptr_t)payload, length};
    ssize_t taken = transport_write(&server, &vector, 1);

    ck_assert_int_gt(taken, 0);
    ck_assert_int_lt(taken, length);
    ck_assert(transport_has_rest(&server));
    ck_assert_int_eq(transport_write(&server, &vector, 1), TRANSPORT_AGAIN);
    return (size_t)taken;
}

/* The client gets all that has been written, in order. */
static void expect_written(const uint8_t *payload, size_t length)
{
    for (size_t got = 0; got < length;) {
        int here = SSL_read(client, packet, sizeof packet);

        ck_assert_int_gt(here, 0);
        ck_assert_mem_eq(packet, payload + got, here);
        got += (size_t)here;
    }
}

START_TEST(test_a_rest_goes_out_bit_by_bit_and_before_everything_else)
{
    enum { LENGTH = 500000, BIT_BYTES = 1000 };
    uint8_t *payload = make_payload(LENGTH);
    size_t taken = write_until_blocked(payload, LENGTH);
    struct iovec next = {payload + taken, 10};
    unsigned steps = 0;

    while (transport_has_rest(&server)) {
        ssize_t result;

        receive_packet(BIT_BYTES);
        result = transport_write(&server, NULL, 0);
        ck_assert(result == 0 || result == TRANSPORT_AGAIN);
        steps += result == 0;
    }
    ck_assert_uint_gt(steps, 10);
    ck_assert_ptr_null(server.tls->rest.bytes);
    while (receive_packet(sizeof packet) > 0) {}
    ck_assert_int_eq(transport_write(&server, &next, 1), 10);
    ck_assert_uint_gt(receive_packet(sizeof packet), 10);
    expect_written(payload, taken + 10);
    free(payload);
}
END_TEST

/* The kernel has room for an answer of OpenSSL's, which is not next. */
START_TEST(test_an_answer_goes_behind_the_rest)
{
    enum { LENGTH = 500000, UPDATES = 3 };
    uint8_t *payload = make_payload(LENGTH);
    size_t taken = write_until_blocked(payload, LENGTH);
    size_t rest = tls_rest_length(&server.tls->rest);

    ck_assert_uint_gt(receive_packet(sizeof packet), 0);
    for (int i = 0; i < UPDATES; i++) {
        ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(client), 1);
    }
    send_packet(take_packet());
    ck_assert_int_eq(transport_read(&server, input, sizeof input), TRANSPORT_AGAIN);
    ck_assert_uint_gt(tls_rest_length(&server.tls->rest), rest);
    while (transport_has_rest(&server)) {
        ck_assert_int_eq(transport_write(&server, NULL, 0), 0);
        receive_packet(sizeof packet);
    }
    expect_written(payload, taken);
    free(payload);
}
END_TEST

START_TEST(test_a_client_that_asks_for_keys_and_does_not_read_is_dropped)
{
    enum { LENGTH = 500000, ANSWER_BYTES = 27, UPDATES_MAX = TLS_REST_MAX_BYTES / ANSWER_BYTES };
    uint8_t *payload = make_payload(LENGTH);
    ssize_t result = TRANSPORT_AGAIN;
    unsigned updates = 0;

    write_until_blocked(payload, LENGTH);
    for (; updates < UPDATES_MAX && result == TRANSPORT_AGAIN; updates++) {
        ck_assert_int_eq(SSL_key_update(client, SSL_KEY_UPDATE_REQUESTED), 1);
        ck_assert_int_eq(SSL_do_handshake(client), 1);
        send_packet(take_packet());
        result = transport_read(&server, input, sizeof input);
        ck_assert_uint_le(tls_rest_length(&server.tls->rest), TLS_REST_MAX_BYTES);
    }
    ck_assert_uint_gt(updates, TLS_RECORD_BYTES / ANSWER_BYTES);
    expect_failure(ENOBUFS);
    ck_assert_int_eq(transport_write(&server, NULL, 0), TRANSPORT_FAILED);
    free(payload);
}
END_TEST

/* Nothing may follow a piece of a record. */
START_TEST(test_what_is_left_at_the_end_is_dropped)
{
    enum { LENGTH = 500000 };
    uint8_t *payload = make_payload(LENGTH);

    write_until_blocked(payload, LENGTH);
    transport_half_close(&server);
    ck_assert(!transport_has_rest(&server));
    free(payload);
}
END_TEST

static TCase *add_case(Suite *suite, const char *name, void (*start)(void))
{
    TCase *tests = tcase_create(name);

    tcase_add_checked_fixture(tests, start, clean_up);
    suite_add_tcase(suite, tests);
    return tests;
}

int main(void)
{
    Suite *suite = suite_create("TLS streams");
    TCase *handshake = add_case(suite, "handshake", prepare);
    TCase *packets = add_case(suite, "packets", prepare_connected);
    TCase *narrow = add_case(suite, "narrow", prepare_narrow);
    int result;

    tcase_add_test(handshake, test_what_comes_with_the_end_of_the_handshake_is_read);
    tcase_add_test(handshake, test_a_handshake_that_fails_leaves_nothing_behind);
    tcase_add_test(packets, test_a_read_is_one_recv_whatever_it_brings);
    tcase_add_test(packets, test_records_may_be_cut_anywhere);
    tcase_add_test(packets, test_an_end_behind_bytes_is_known_without_another_recv);
    tcase_add_test(packets, test_a_failure_behind_bytes_is_known_without_another_recv);
    tcase_add_test(packets, test_a_failure_is_told_to_the_client);
    tcase_add_test(packets, test_a_write_is_one_send);
    tcase_add_test(packets, test_a_long_write_is_several_sends);
    tcase_add_test(packets, test_new_keys_are_answered);
    tcase_add_test(narrow, test_a_rest_goes_out_bit_by_bit_and_before_everything_else);
    tcase_add_test(narrow, test_an_answer_goes_behind_the_rest);
    tcase_add_test(narrow, test_a_client_that_asks_for_keys_and_does_not_read_is_dropped);
    tcase_add_test(narrow, test_what_is_left_at_the_end_is_dropped);
    certificates_make();
    result = suite_run(suite);
    certificates_remove();
    return result;
}

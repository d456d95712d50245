/*
 * Connections without a daemon.
 */
#include "net_fixture.h"

#include "base/log.h"
#include "certificates.h"
#include "handlers/rooms.h"

#include <check.h>
#include <errno.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/eventfd.h>
#include <sys/socket.h>
#include <unistd.h>

enum { TURNS_MAX = 100000, SETTLING_TURNS = 5, MINUTE_MS = 60000, HEADER_MAX_BYTES = 8192 };

struct net_fixture net;
int net_socket_type = SOCK_STREAM;

static struct single_watch wake; /* ready when a turn is not to wait */

static char pattern[] = "/{name}";
static char slash[] = "/";
static char capture[] = "name";
static char listener_name[] = "test";
static struct path_part parts[] = {{PATH_PART_LITERAL, slash}, {PATH_PART_SEGMENT, capture}};

static void set_config(const struct handler *handler, void *settings)
{
    net.route = (struct route){
        .references = 1,
        .config = {.path = pattern,
                   .parts = parts,
                   .part_count = sizeof parts / sizeof *parts,
                   .settings = {.any_origin = true,
                                .max_message_bytes = 16 << 20,
                                .max_fragments = 65536,
                                .ping_timeout_ms = MINUTE_MS,
                                .send_queue_bytes = 1 << 20},
                   .handler = &handler->schema,
                   .handler_settings = settings},
    };
    net.routes[0] = &net.route;
    net.snapshot = (struct snapshot){
        .references = 1,
        .limits = {.connections = 100,
                   .pending = 100,
                   .request_line_bytes = 4096,
                   .header_bytes = HEADER_MAX_BYTES,
                   .headers = 64},
        .timeouts = {.handshake_ms = MINUTE_MS,
                     .tls_ms = MINUTE_MS,
                     .send_ms = MINUTE_MS,
                     .close_ms = MINUTE_MS,
                     .linger_ms = MINUTE_MS},
        .routes = net.routes,
        .route_count = 1,
    };
}

static void awake(void *argument)
{
    eventfd_t posted;

    (void)argument;
    ck_assert_int_eq(eventfd_read(wake.watch.fd, &posted), 0);
}

static void start_wake(void)
{
    int fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);

    ck_assert_int_ge(fd, 0);
    single_watch_init(&wake, fd, awake, NULL);
    ck_assert(watch_want(&net.loop->watches, &wake.watch, WATCH_READ));
}

void net_start(const struct handler *handler, void *settings)
{
    /* Every line is put together and none is seen. */
    ck_assert_int_eq(log_configure(LOG_LEVEL_DEBUG, LOG_FORMAT_TEXT, LOG_TARGET_FILE, "/dev/null"),
                     0);
    set_config(handler, settings);
    net.listener = (struct listener){
        .references = 1, .name = listener_name, .accepted = accept_count_hold(listener_name)};
    ck_assert_ptr_nonnull(net.listener.accepted);
    net.admission = (struct admission){.max_connections = net.snapshot.limits.connections,
                                       .max_pending = net.snapshot.limits.pending};
    net.relay = relay_create(1, room_deliver);
    net.loop = loop_create(0, &net.snapshot, &net.admission);
    ck_assert_ptr_nonnull(net.relay);
    ck_assert_ptr_nonnull(net.loop);
    start_wake();
    net.loop->rooms = relay_worker_start(net.relay, 0, NULL, &net.loop->pool);
}

static void kill_all(void)
{
    while (!list_empty(&net.loop->connections)) {
        struct conn *conn = container_of(net.loop->connections.next, struct conn, node);

        conn_enter(conn);
        conn_kill(conn, CLOSE_GOING_AWAY, "the test is over");
        conn_leave(conn);
    }
}

void net_stop(void)
{
    kill_all();
    net_settle();
    ck_assert_uint_eq(net.loop->connection_count, 0);
    ck_assert_uint_eq(relay_member_count(net.relay), 0);
    ck_assert_uint_eq(relay_room_count(net.relay), 0);
    ck_assert_uint_eq(atomic_load(&net.admission.connections), 0);
    ck_assert_uint_eq(atomic_load(&net.admission.pending), 0);
    ck_assert_uint_eq(atomic_load(&net.admission.overflow), 0);
    relay_worker_end(net.loop->rooms);
    ck_assert_int_eq(close(wake.watch.fd), 0);
    loop_free(net.loop);
    ck_assert_uint_eq(atomic_load(&net.snapshot.references), 1);
    ck_assert_uint_eq(atomic_load(&net.route.references), 1);
    ck_assert_uint_eq(atomic_load(&net.listener.references), 1);
    ck_assert_uint_eq(accept_count_present(net.listener.accepted), 0);
    accept_count_release(net.listener.accepted);
    relay_free(net.relay);
}

static void no_mail(void *owner)
{
    (void)owner;
}

void net_turn(void)
{
    ck_assert_int_eq(eventfd_write(wake.watch.fd, 1), 0);
    ck_assert(loop_turn(net.loop, no_mail));
    ck_assert_ptr_null(net.loop->current);
    ck_assert_uint_eq(net.loop->output.used, 0);
    ck_assert_ptr_null(net.loop->output.scratch);
    ck_assert(inbound_idle(&net.loop->inbound));
    ck_assert_uint_eq(tls_wire_input_length(&net.loop->wire), 0);
    ck_assert_uint_eq(net.loop->wire.output_length, 0);
}

void net_turn_until(bool (*condition)(void))
{
    while (!condition()) {
        ck_assert(loop_turn(net.loop, no_mail));
    }
}

void net_settle(void)
{
    for (int i = 0; i < SETTLING_TURNS; i++) {
        net_turn();
    }
}

size_t net_connections(void)
{
    return net.loop->connection_count;
}

/* ---- what tests need besides ---- */

uint8_t *make_payload(size_t length)
{
    uint8_t *payload = malloc(length + 1);

    ck_assert_ptr_nonnull(payload);
    for (size_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)('a' + (i * 7 + i / 251) % 26);
    }
    return payload;
}

static void fail_test(void *argument, enum log_level level, const char *key, const char *line)
{
    (void)argument;
    (void)level;
    ck_abort_msg("%s: %s", key, line);
}

struct tls_context *make_tls_context(void)
{
    struct certificate_config certificate = certificates_pair("localhost");
    struct tls_config config = {.certificates = &certificate, .certificate_count = 1};
    struct tls_context *context = tls_context_create(&config, fail_test, NULL);

    ck_assert_ptr_nonnull(context);
    certificates_pair_free(&certificate);
    return context;
}

SSL_CTX *make_tls_client_context(void)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());

    ck_assert_ptr_nonnull(context);
    SSL_CTX_set_mode(context, SSL_MODE_ENABLE_PARTIAL_WRITE | SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    return context;
}

/* ---- clients ---- */

static const struct peer peer = {.family = AF_UNIX};

struct client *client_connect(SSL *ssl)
{
    struct client *client = calloc(1, sizeof *client);
    enum admission_verdict verdict = admission_ask(&net.admission);
    int sockets[2];

    ck_assert_ptr_nonnull(client);
    ck_assert_int_eq(
        socketpair(AF_UNIX, net_socket_type | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, sockets), 0);
    client->fd = sockets[0];
    client->ssl = ssl;
    if (ssl != NULL) {
        SSL_set_fd(ssl, client->fd);
    }
    ck_assert_int_ne(verdict, ADMISSION_DENIED);
    ck_assert(conn_create(net.loop, sockets[1], listener_enter(&net.listener), &peer, verdict));
    client->conn = container_of(net.loop->connections.previous, struct conn, node);
    return client;
}

static void skip_response(struct client *client)
{
    const uint8_t *end = NULL;

    for (int i = 0; i < TURNS_MAX && end == NULL; i++) {
        net_turn();
        client_receive(client);
        end = memmem(client->bytes, client->length, "\r\n\r\n", 4);
    }
    ck_assert_ptr_nonnull(end);
    ck_assert_mem_eq(client->bytes, "HTTP/1.1 101", 12);
    client->taken = (size_t)(end - client->bytes) + 4;
}

void client_request(struct client *client, const char *host, const char *path)
{
    char request[1024];
    int length = snprintf(request, sizeof request,
                          "GET %s HTTP/1.1\r\n"
                          "Host: %s\r\n"
                          "Upgrade: websocket\r\n"
                          "Connection: Upgrade\r\n"
                          "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
                          "Sec-WebSocket-Version: 13\r\n\r\n",
                          path, host);

    client_send(client, request, (size_t)length);
}

void client_upgrade(struct client *client, const char *host, const char *path)
{
    client_request(client, host, path);
    skip_response(client);
}

struct client *client_open_at(const char *host, const char *path)
{
    struct client *client = client_connect(NULL);

    client_upgrade(client, host, path);
    ck_assert_int_eq(client->conn->state, CONN_OPEN);
    return client;
}

struct client *client_open(const char *path)
{
    return client_open_at("localhost", path);
}

void client_close(struct client *client)
{
    SSL_free(client->ssl);
    client->ssl = NULL;
    if (client->fd >= 0) {
        close(client->fd);
        client->fd = -1;
    }
}

void client_free(struct client *client)
{
    if (client != NULL) {
        client_close(client);
        free(client);
    }
}

/* Returns what was taken, or 0 when there is no room now. */
static size_t send_some(struct client *client, const uint8_t *bytes, size_t length)
{
    ssize_t sent;

    if (client->ssl != NULL) {
        sent = SSL_write(client->ssl, bytes, (int)length);
        ck_assert(sent > 0 || SSL_get_error(client->ssl, (int)sent) != SSL_ERROR_SSL);
    } else {
        sent = send(client->fd, bytes, length, MSG_NOSIGNAL);
        ck_assert(sent > 0 || errno == EAGAIN);
    }
    return sent > 0 ? (size_t)sent : 0;
}

void client_send(struct client *client, const void *bytes, size_t length)
{
    const uint8_t *next = bytes;

    for (int i = 0; i < TURNS_MAX && length > 0; i++) {
        size_t sent = send_some(client, next, length);

        next += sent;
        length -= sent;
        if (sent == 0) {
            net_turn();
        }
    }
    ck_assert_uint_eq(length, 0);
}

size_t client_make_frame(uint8_t *target, uint8_t first_byte, const void *payload, size_t length)
{
    static const uint8_t mask[] = {0x12, 0x34, 0x56, 0x78};
    size_t header_bytes = frame_write_header(target, first_byte, length);
    const uint8_t *bytes = payload;

    target[1] |= FRAME_MASKED;
    memcpy(target + header_bytes, mask, sizeof mask);
    for (size_t i = 0; i < length; i++) {
        target[header_bytes + sizeof mask + i] = bytes[i] ^ mask[i % sizeof mask];
    }
    return header_bytes + sizeof mask + length;
}

void client_send_frame(struct client *client, uint8_t first_byte, const void *payload,
                       size_t length)
{
    uint8_t *frame = malloc(FRAME_CLIENT_HEADER_MAX + length);

    ck_assert_ptr_nonnull(frame);
    client_send(client, frame, client_make_frame(frame, first_byte, payload, length));
    free(frame);
}

/* Returns what arrived, or 0 when nothing is there now. */
static size_t receive_some(struct client *client, uint8_t *target, size_t room)
{
    ssize_t received;

    ck_assert_uint_gt(room, 0);
    if (client->ssl != NULL) {
        received = SSL_read(client->ssl, target, (int)room);
        client->finished |=
            received <= 0 && SSL_get_error(client->ssl, (int)received) == SSL_ERROR_ZERO_RETURN;
    } else {
        received = recv(client->fd, target, room, 0);
        client->finished |= received == 0 || (received < 0 && errno == ECONNRESET);
    }
    return received > 0 ? (size_t)received : 0;
}

size_t client_receive(struct client *client)
{
    size_t before = client->length;
    size_t received;

    do {
        received =
            receive_some(client, client->bytes + client->length, CLIENT_BYTES - client->length);
        client->length += received;
    } while (received > 0);
    return client->length - before;
}

/* The length of the whole frame that has arrived next, or 0 when it is not whole. */
static size_t whole_frame(const struct client *client)
{
    const uint8_t *bytes = client->bytes + client->taken;
    size_t available = client->length - client->taken;
    size_t header_bytes;
    size_t length;

    if (available < 2) {
        return 0;
    }
    ck_assert_msg((bytes[1] & FRAME_MASKED) == 0, "a server's frame is masked");
    header_bytes = bytes[1] < 126 ? 2 : bytes[1] == 126 ? 4 : 10;
    if (available < header_bytes) {
        return 0;
    }
    length = frame_boundary(bytes, available, 1);
    return length <= available ? length : 0;
}

bool client_has_frame(const struct client *client)
{
    return whole_frame(client) > 0;
}

struct client_frame client_frame(struct client *client)
{
    const uint8_t *bytes = client->bytes + client->taken;
    struct client_frame frame;
    size_t length;

    for (int i = 0; i < TURNS_MAX && !client_has_frame(client); i++) {
        net_turn();
        client_receive(client);
    }
    length = whole_frame(client);
    ck_assert_msg(length > 0, "no frame has come");
    frame.first_byte = bytes[0];
    frame.payload = bytes + (bytes[1] < 126 ? 2 : bytes[1] == 126 ? 4 : 10);
    frame.length = (size_t)(bytes + length - frame.payload);
    client->taken += length;
    return frame;
}

void client_expect(struct client *client, uint8_t first_byte, const void *payload, size_t length)
{
    struct client_frame frame = client_frame(client);

    ck_assert_uint_eq(frame.first_byte, first_byte);
    ck_assert_uint_eq(frame.length, length);
    if (length > 0) {
        ck_assert_mem_eq(frame.payload, payload, length);
    }
}

void client_expect_close(struct client *client, unsigned code)
{
    struct client_frame frame = client_frame(client);

    ck_assert_uint_eq(frame.first_byte, FRAME_FIN | OPCODE_CLOSE);
    ck_assert_uint_ge(frame.length, 2);
    ck_assert_uint_eq(frame.payload[0] << 8 | frame.payload[1], code);
}

void client_expect_end(struct client *client)
{
    for (int i = 0; i < TURNS_MAX && !client->finished; i++) {
        net_turn();
        client_receive(client);
    }
    ck_assert_msg(client->finished, "the server has not ended the stream");
    ck_assert_uint_eq(client->length, client->taken);
}

void client_squeeze(struct client *client)
{
    int least = 1;

    ck_assert_int_eq(
        setsockopt(client->conn->transport.fd, SOL_SOCKET, SO_SNDBUF, &least, sizeof least), 0);
}

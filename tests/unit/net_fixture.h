/*
 * Connections without a daemon: one loop, one route with the handler under test, and clients at the
 * other ends of socket pairs, all in one thread.
 */
#ifndef WSRELAYD_TESTS_NET_FIXTURE_H
#define WSRELAYD_TESTS_NET_FIXTURE_H

#include "net/conn.h"
#include "net/loop.h"
#include "relay/relay.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { CLIENT_BYTES = 4 << 20 };

/* What every test of connections has; settings may be changed before a client connects. */
struct net_fixture {
    struct snapshot snapshot;
    struct route route;
    struct route *routes[1]; /* of the snapshot */
    struct listener listener;
    struct admission admission;
    struct loop *loop;
    struct relay *relay;
};

extern struct net_fixture net;

/* Of the socket pairs: SOCK_STREAM, or SOCK_SEQPACKET to see system calls apart. */
extern int net_socket_type;

/* Serves "/{name}" with this handler, whose settings are `settings`. */
void net_start(const struct handler *handler, void *settings);

/* Closes what is left and fails the test unless everything is gone then. */
void net_stop(void);

/* One turn of the loop, which does not wait. */
void net_turn(void);

/* Turns until `condition` holds, waiting for deadlines if it takes that. */
void net_turn_until(bool (*condition)(void));

/* Turns until nothing has happened for a while: all that can be done without waiting is done. */
void net_settle(void);

/* ---- clients ---- */

struct client {
    int fd;            /* non-blocking; -1: closed */
    SSL *ssl;          /* NULL: plain */
    struct conn *conn; /* the other end; dangling when it has been freed */
    bool finished;     /* the server has ended the stream */
    size_t taken;      /* of the bytes received, by client_frame */
    size_t length;
    uint8_t bytes[CLIENT_BYTES];
};

/* A frame as received; the payload stays valid until the client is closed. */
struct client_frame {
    uint8_t first_byte;
    size_t length;
    const uint8_t *payload;
};

/* Connects and has the handshake done, with "localhost". Free with client_free. */
struct client *client_open(const char *path);
struct client *client_open_at(const char *host, const char *path);

/* The same without the handshake; `ssl` (may be NULL) becomes the client's, unconnected. */
struct client *client_connect(SSL *ssl);

/* Sends a request, and has it answered with 101. */
void client_request(struct client *client, const char *host, const char *path);
void client_upgrade(struct client *client, const char *host, const char *path);

/* Closes the client's end, if it is open, and frees it. NULL is allowed. */
void client_free(struct client *client);
void client_close(struct client *client);

/* Sends bytes, turning the loop while the socket is full. */
void client_send(struct client *client, const void *bytes, size_t length);

/* Sends a masked frame. */
void client_send_frame(struct client *client, uint8_t first_byte, const void *payload,
                       size_t length);

/* Writes a masked frame to `target` (14 bytes more than the payload) and returns its length. */
size_t client_make_frame(uint8_t *target, uint8_t first_byte, const void *payload, size_t length);

/* Takes what has arrived, without turning the loop. Returns how many bytes that were. */
size_t client_receive(struct client *client);

/* Turns the loop until the next whole frame has arrived, which it must. */
struct client_frame client_frame(struct client *client);

/* Whether a whole frame has arrived that has not been taken. */
bool client_has_frame(const struct client *client);

/* Fails the test unless the next frame is this one. */
void client_expect(struct client *client, uint8_t first_byte, const void *payload, size_t length);
void client_expect_close(struct client *client, unsigned code);

/* Turns the loop until the server has ended the stream; nothing but that may have come. */
void client_expect_end(struct client *client);

/* Makes the server's socket hold as little as can be. */
void client_squeeze(struct client *client);

/* Bytes in which a lost, doubled or moved part shows; letters, so that they are text as well. To be
 * freed. */
uint8_t *make_payload(size_t length);

/* A server's and a client's side of TLS; the test certificates must have been made. */
struct tls_context *make_tls_context(void);
SSL_CTX *make_tls_client_context(void);

/* How many connections the loop has. */
size_t net_connections(void);

#endif

/*
 * TLS of one connection. A read is one recv and a write is one send: OpenSSL works on the buffers
 * of the thread, and what the kernel has not taken is kept here. So what has been given to TLS is
 * gone for good, and OpenSSL never has to wait for the socket.
 */
#ifndef WSRELAYD_NET_TLS_STREAM_H
#define WSRELAYD_NET_TLS_STREAM_H

#include "net/tls.h"
#include "net/tls_rest.h"
#include "net/tls_wire.h"
#include "net/transport.h"

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls_stream {
    SSL *ssl;
    struct tls_wire *wire; /* of the thread */
    struct tls_rest rest;  /* goes out before anything else */
    int fd;
    int error; /* an errno: TLS has failed and nothing more may be read or sent; 0: it has not */
};

/* The server's side on a socket. NULL when memory is short. */
struct tls_stream *tls_stream_create(struct tls_wire *wire, struct tls_context *context, int fd);

/* NULL is allowed. The socket stays open. */
void tls_stream_free(struct tls_stream *stream);

/* As transport_handshake, transport_read, transport_has_pending and transport_write. */
enum transport_handshake tls_stream_handshake(struct tls_stream *stream, const char **why);
ssize_t tls_stream_read(struct tls_stream *stream, uint8_t *target, size_t length);
bool tls_stream_has_pending(const struct tls_stream *stream);
ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *vectors, int count);

/* Says close_notify, if the kernel takes it. */
void tls_stream_end(struct tls_stream *stream);

/* Sends what is in the thread's output buffer, which is empty then; what the kernel does not take
 * becomes or joins the rest. Returns false when the stream has failed. */
bool tls_stream_flush(struct tls_stream *stream);

#endif

/*
 * The bytes of a connection, plain or TLS, behind one interface.
 */
#ifndef WSRELAYD_NET_TRANSPORT_H
#define WSRELAYD_NET_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

struct tls_context;
struct tls_stream;
struct tls_wire;

struct transport {
    struct tls_stream *tls; /* NULL: plain */
    int fd;
};

/* Negative results of transport_read and transport_write. */
enum { TRANSPORT_AGAIN = -1, TRANSPORT_FAILED = -2 };

/* Puts TLS on the socket, as its server. Returns false when memory is short. */
bool transport_start_tls(struct transport *transport, struct tls_wire *wire,
                         struct tls_context *context);

/* The version of TLS for the log, or "none". */
const char *transport_tls_version(const struct transport *transport);

/* Whether TLS, whose handshake is done, goes on from an earlier session. */
bool transport_tls_resumed(const struct transport *transport);
/* The cipher suite of TLS, which there must be. */
const char *transport_tls_cipher(const struct transport *transport);

/* Writes the subject of the peer's certificate, in ASCII and cut to `room` bytes with the NUL; an
 * empty text without a certificate or TLS. */
void transport_tls_subject(const struct transport *transport, char *text, size_t room);

/*
 * Reads what is there, up to `length`, which is INPUT_BYTES for TLS, in one system call. Returns
 * the number of bytes, 0 at the peer's end of the stream, TRANSPORT_AGAIN when nothing is there,
 * TRANSPORT_FAILED with errno set.
 */
ssize_t transport_read(struct transport *transport, uint8_t *target, size_t length);

/* Whether bytes, an end or a failure are known to TLS that no readiness will announce. */
bool transport_has_pending(const struct transport *transport);

/*
 * Sends the bytes of `count` vectors, maybe none, in as few system calls as can be: one for plain,
 * one for each 80 KiB for TLS, of which it takes three, and one for what was left. Returns what was
 * taken, maybe less than all, and for TLS maybe 0: something of what was left has gone.
 * TRANSPORT_AGAIN for nothing, TRANSPORT_FAILED with errno set.
 */
ssize_t transport_write(struct transport *transport, const struct iovec *vectors, int count);

/* Whether TLS has taken bytes that the kernel has not: they go out with the next write. */
bool transport_has_rest(const struct transport *transport);

enum transport_handshake {
    TRANSPORT_HANDSHAKE_DONE,
    TRANSPORT_HANDSHAKE_WANTS_READ,
    TRANSPORT_HANDSHAKE_PLAIN_HTTP, /* the peer speaks HTTP without TLS */
    TRANSPORT_HANDSHAKE_FAILED,     /* *why is set */
};

/* Goes on with the TLS handshake. *why is a sentence in static or thread-local memory. When it is
 * done bytes may have come with its end: see transport_has_pending. */
enum transport_handshake transport_handshake(struct transport *transport, const char **why);

/* Says that nothing more will be sent: close_notify, then FIN. */
void transport_half_close(struct transport *transport);

/* Closes the descriptor. */
void transport_close(struct transport *transport);

/* Frees TLS: what is read and written from now on is plain. */
void transport_free(struct transport *transport);

#endif

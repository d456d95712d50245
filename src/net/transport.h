/*
 * The bytes of a connection, plain or TLS, behind one interface.
 */
#ifndef WSRELAYD_NET_TRANSPORT_H
#define WSRELAYD_NET_TRANSPORT_H

#include <openssl/ssl.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>
#include <sys/uio.h>

enum { TLS_RECORD_BYTES = 16384 };

struct transport {
    SSL *ssl; /* NULL: plain */
    int fd;
    /*
     * TLS: bytes at the head of what is to be sent that are already in a record which the kernel
     * has not taken. The next write must begin with exactly these bytes.
     */
    uint16_t committed;
    bool read_wants_write; /* TLS cannot read before it has written */
    bool broken;           /* TLS failed: no close_notify may be sent */
};

/* Negative results of transport_read and transport_write. */
enum { TRANSPORT_AGAIN = -1, TRANSPORT_FAILED = -2 };

/*
 * Reads what is there, up to `length`. Returns the number of bytes, 0 at the peer's end of the
 * stream, TRANSPORT_AGAIN when nothing is there, TRANSPORT_FAILED with errno set.
 */
ssize_t transport_read(struct transport *transport, uint8_t *target, size_t length);

/* Whether bytes, an end or a failure are known to TLS that no readiness will announce. */
bool transport_has_pending(const struct transport *transport);

/*
 * Sends the bytes of `count` vectors in as few system calls as can be: one for plain, one for each
 * full record for TLS. `record` is TLS_RECORD_BYTES of scratch. Returns what was taken, maybe less
 * than all, TRANSPORT_AGAIN for nothing, TRANSPORT_FAILED with errno set.
 */
ssize_t transport_write(struct transport *transport, const struct iovec *vectors, int count,
                        uint8_t *record);

enum transport_handshake {
    TRANSPORT_HANDSHAKE_DONE,
    TRANSPORT_HANDSHAKE_WANTS_READ,
    TRANSPORT_HANDSHAKE_WANTS_WRITE,
    TRANSPORT_HANDSHAKE_PLAIN_HTTP, /* the peer speaks HTTP without TLS */
    TRANSPORT_HANDSHAKE_FAILED,     /* *why is set */
};

/* Goes on with the TLS handshake. *why is a sentence in static or thread-local memory. */
enum transport_handshake transport_handshake(struct transport *transport, const char **why);

/* Goes on in plain text: what a TLS handshake has turned out not to be. */
void transport_forget_tls(struct transport *transport);

/* Says that nothing more will be sent: close_notify, then FIN. */
void transport_half_close(struct transport *transport);

/* Closes the descriptor. */
void transport_close(struct transport *transport);

/* Frees TLS. */
void transport_free(struct transport *transport);

#endif

/*
 * A client's end of a byte stream, plain or TLS behind one interface. Nothing here waits.
 */
#ifndef WSRELAYD_BENCH_STREAM_H
#define WSRELAYD_BENCH_STREAM_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st;
struct ssl_ctx_st;

struct stream {
    int fd;
    struct ssl_st *tls; /* NULL when plain */
};

/* Negative results of sending and receiving. */
enum {
    STREAM_AGAIN = -1,  /* wait for the socket, then call again with the same bytes */
    STREAM_ENDED = -2,  /* the peer will send nothing more */
    STREAM_FAILED = -3, /* stream_error says why */
};

enum stream_handshake {
    STREAM_HANDSHAKE_DONE,
    STREAM_HANDSHAKE_WANTS_READ,
    STREAM_HANDSHAKE_WANTS_WRITE,
    STREAM_HANDSHAKE_FAILED, /* stream_error says why */
};

/* What servers have to prove. */
struct stream_trust {
    bool insecure;  /* nothing */
    const char *ca; /* a file of authorities; NULL: those of the system */
};

/* For all connections. NULL on failure; stream_error says why. */
struct ssl_ctx_st *stream_tls_create(const struct stream_trust *trust);
void stream_tls_free(struct ssl_ctx_st *tls);

/* Makes a connected stream one with TLS, to a server of that name or IP address. */
bool stream_secure(struct stream *stream, struct ssl_ctx_st *tls, const char *name);
enum stream_handshake stream_handshake(struct stream *stream);

/* Moves up to `length` (> 0) bytes; returns how many, or a negative result. */
ssize_t stream_send(struct stream *stream, const void *bytes, size_t length);
ssize_t stream_receive(struct stream *stream, void *target, size_t room);

/* Whether decrypted bytes wait that no readiness of the socket will announce. */
bool stream_has_pending(const struct stream *stream);

/* Says that nothing more will be sent. */
void stream_half_close(struct stream *stream);

/* Without any farewell. */
void stream_close(struct stream *stream);

/* Why the last call of this thread has failed. */
const char *stream_error(void);

#endif

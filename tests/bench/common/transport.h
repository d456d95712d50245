/*
 * A client's end of a connection: TCP or unix socket, plain or TLS behind one interface.
 */
#ifndef WSRELAYD_BENCH_TRANSPORT_H
#define WSRELAYD_BENCH_TRANSPORT_H

#include <stdbool.h>
#include <stddef.h>
#include <sys/types.h>

struct ssl_st;

struct transport {
    int fd;
    struct ssl_st *tls; /* NULL when plain */
};

enum {
    TRANSPORT_WOULD_BLOCK = -1, /* wait for the socket, then call again with the same bytes */
};

/*
 * Connects to "HOST:PORT", "[V6]:PORT" or "unix:/PATH", with a TLS handshake if asked for (any
 * certificate is taken), and waits for each step. The socket stays blocking, with a time-out.
 */
struct transport transport_open(const char *target, bool tls);

/* Without any farewell. */
void transport_close(struct transport *transport);

void transport_set_nonblocking(struct transport *transport);

/* Sends at most `length` (> 0) bytes and returns how many; ends the program on an error. */
ssize_t transport_send(struct transport *transport, const void *bytes, size_t length);

/* The same for receiving; the end of the stream is an error too. */
ssize_t transport_receive(struct transport *transport, void *target, size_t room);

/* Whether decrypted bytes wait that no readiness of the socket will announce. */
bool transport_has_pending(const struct transport *transport);

#endif

/*
 * Client connections, plain and TLS.
 */
#include "transport.h"

#include <err.h>
#include <errno.h>
#include <fcntl.h>
#include <limits.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

enum {
    BLOCKING_TIMEOUT_S = 10,
};

static struct addrinfo *resolve(const char *target)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    char host[256];
    char port[8];
    int failure;

    if (sscanf(target, "[%255[^]]]:%7[0-9]", host, port) != 2 &&
        sscanf(target, "%255[^:]:%7[0-9]", host, port) != 2) {
        errx(2, "%s is not HOST:PORT, [V6]:PORT or unix:/PATH", target);
    }
    failure = getaddrinfo(host, port, &hints, &addresses);
    if (failure != 0) {
        errx(1, "%s: %s", target, gai_strerror(failure));
    }
    return addresses;
}

static int connect_socket(const char *target, int family, const struct sockaddr *address,
                          socklen_t length)
{
    struct timeval timeout = {.tv_sec = BLOCKING_TIMEOUT_S};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);

    if (fd < 0 || setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof(timeout)) < 0 ||
        setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof(timeout)) < 0 ||
        connect(fd, address, length) < 0) {
        err(1, "cannot connect to %s", target);
    }
    return fd;
}

static int connect_unix(const char *target, const char *path)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    if (strlen(path) >= sizeof(address.sun_path)) {
        errx(2, "%s: too long for a socket", target);
    }
    strcpy(address.sun_path, path);
    return connect_socket(target, AF_UNIX, (struct sockaddr *)&address, sizeof(address));
}

/* To the first address of the name. */
static int connect_tcp(const char *target)
{
    struct addrinfo *addresses = resolve(target);
    int fd =
        connect_socket(target, addresses->ai_family, addresses->ai_addr, addresses->ai_addrlen);
    int on = 1;

    freeaddrinfo(addresses);
    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    return fd;
}

static void fail_tls(const char *what)
{
    char text[256];

    ERR_error_string_n(ERR_peek_last_error(), text, sizeof(text));
    errx(1, "TLS %s: %s", what, text);
}

/* One for all connections, made when first needed. */
static SSL_CTX *tls_context(void)
{
    static SSL_CTX *context;

    if (context == NULL) {
        context = SSL_CTX_new(TLS_client_method());
        if (context == NULL) {
            fail_tls("context");
        }
        SSL_CTX_set_mode(context, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                                      SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    }
    return context;
}

struct transport transport_open(const char *target, bool tls)
{
    bool is_unix = strncmp(target, "unix:", 5) == 0;
    struct transport transport = {
        .fd = is_unix ? connect_unix(target, target + 5) : connect_tcp(target),
    };

    if (tls) {
        transport.tls = SSL_new(tls_context());
        if (transport.tls == NULL || SSL_set_fd(transport.tls, transport.fd) != 1 ||
            SSL_connect(transport.tls) != 1) {
            fail_tls("handshake");
        }
    }
    return transport;
}

void transport_close(struct transport *transport)
{
    SSL_free(transport->tls);
    close(transport->fd);
}

void transport_set_nonblocking(struct transport *transport)
{
    if (fcntl(transport->fd, F_SETFL, O_RDWR | O_NONBLOCK) < 0) {
        err(1, "O_NONBLOCK");
    }
}

/* What a call that moved nothing means. */
static ssize_t judge_tls(const struct transport *transport, int result, const char *what)
{
    int error = SSL_get_error(transport->tls, result);

    if (error != SSL_ERROR_WANT_READ && error != SSL_ERROR_WANT_WRITE) {
        fail_tls(what);
    }
    return TRANSPORT_WOULD_BLOCK;
}

static ssize_t judge_plain(ssize_t result, const char *what)
{
    if (result > 0) {
        return result;
    }
    if (result == 0) {
        errx(1, "the server closed the connection");
    }
    if (errno != EAGAIN) {
        err(1, "%s", what);
    }
    return TRANSPORT_WOULD_BLOCK;
}

static int at_most_int(size_t length)
{
    return length > INT_MAX ? INT_MAX : (int)length;
}

ssize_t transport_send(struct transport *transport, const void *bytes, size_t length)
{
    int written;

    if (transport->tls == NULL) {
        return judge_plain(send(transport->fd, bytes, length, MSG_NOSIGNAL), "send");
    }
    written = SSL_write(transport->tls, bytes, at_most_int(length));
    return written > 0 ? written : judge_tls(transport, written, "send");
}

ssize_t transport_receive(struct transport *transport, void *target, size_t room)
{
    int got;

    if (transport->tls == NULL) {
        return judge_plain(recv(transport->fd, target, room, 0), "receive");
    }
    got = SSL_read(transport->tls, target, at_most_int(room));
    return got > 0 ? got : judge_tls(transport, got, "receive");
}

bool transport_has_pending(const struct transport *transport)
{
    return transport->tls != NULL && SSL_pending(transport->tls) > 0;
}

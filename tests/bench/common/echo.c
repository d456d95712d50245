/*
 * The common part of the baseline echo servers.
 */
#include "echo.h"

#include "bench/process.h"

#include <arpa/inet.h>
#include <err.h>
#include <errno.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    LISTEN_BACKLOG = 4096,
    BUFFER_BYTES = 128 * 1024,
};

static uint8_t buffer[BUFFER_BYTES];

static in_port_t parse_port(int argc, char **argv)
{
    unsigned long port = 0;
    char *end;

    if (argc == 2) {
        port = strtoul(argv[1], &end, 10);
    }
    if (argc > 2 || port > UINT16_MAX || (argc == 2 && *end != '\0')) {
        errx(2, "usage: %s [PORT]", argv[0]);
    }
    return htons((uint16_t)port);
}

int echo_listen(int argc, char **argv)
{
    struct sockaddr_in address = {.sin_family = AF_INET, .sin_port = parse_port(argc, argv)};
    socklen_t length = sizeof(address);
    int on = 1;
    int listener = socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    address.sin_addr.s_addr = htonl(INADDR_LOOPBACK);
    if (listener < 0 || setsockopt(listener, SOL_SOCKET, SO_REUSEADDR, &on, sizeof(on)) < 0 ||
        bind(listener, (struct sockaddr *)&address, length) < 0 ||
        listen(listener, LISTEN_BACKLOG) < 0 ||
        getsockname(listener, (struct sockaddr *)&address, &length) < 0) {
        err(1, "cannot listen");
    }
    process_raise_descriptor_limit();
    printf("port %u\n", ntohs(address.sin_port));
    fflush(stdout);
    return listener;
}

int echo_accept(int listener)
{
    int on = 1;
    int fd = accept4(listener, NULL, NULL, SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd >= 0) {
        setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof(on));
    } else if (errno != EAGAIN && errno != ECONNABORTED) {
        err(1, "accept");
    }
    return fd;
}

static enum echo_result keep_unsent(struct unsent *unsent, const uint8_t *bytes, size_t length)
{
    unsent->bytes = malloc(length);
    if (unsent->bytes == NULL) {
        return ECHO_ENDED;
    }
    memcpy(unsent->bytes, bytes, length);
    unsent->length = length;
    unsent->sent = 0;
    return ECHO_WANTS_WRITE;
}

/* How much the kernel takes: 0 when it has no room, -1 when the connection is gone. */
static ssize_t send_some(int fd, const uint8_t *bytes, size_t length)
{
    ssize_t sent = send(fd, bytes, length, MSG_NOSIGNAL);

    return sent < 0 && errno == EAGAIN ? 0 : sent;
}

enum echo_result echo_receive(int fd, struct unsent *unsent)
{
    ssize_t received = recv(fd, buffer, sizeof(buffer), 0);
    ssize_t sent;

    if (received <= 0) {
        return received < 0 && errno == EAGAIN ? ECHO_WANTS_READ : ECHO_ENDED;
    }
    sent = send_some(fd, buffer, (size_t)received);
    if (sent == received) {
        return ECHO_WANTS_READ;
    }
    return sent < 0 ? ECHO_ENDED : keep_unsent(unsent, buffer + sent, (size_t)(received - sent));
}

enum echo_result echo_flush(int fd, struct unsent *unsent)
{
    ssize_t sent = send_some(fd, unsent->bytes + unsent->sent, unsent->length - unsent->sent);

    if (sent < 0) {
        return ECHO_ENDED;
    }
    unsent->sent += (size_t)sent;
    if (unsent->sent < unsent->length) {
        return ECHO_WANTS_WRITE;
    }
    free(unsent->bytes);
    unsent->bytes = NULL;
    return ECHO_WANTS_READ;
}

/*
 * The floor for any server on this kernel interface: an echo of bytes on bare epoll.
 */
#include "common/echo.h"

#include <err.h>
#include <errno.h>
#include <stdbool.h>
#include <stdlib.h>
#include <sys/epoll.h>
#include <unistd.h>

enum {
    EVENTS_MAX = 1024,
};

struct connection {
    int fd;
    struct unsent unsent;
};

static void watch(int epoll, int operation, int fd, uint32_t events, void *owner)
{
    struct epoll_event event = {.events = events, .data.ptr = owner};

    if (epoll_ctl(epoll, operation, fd, &event) < 0) {
        err(1, "epoll_ctl");
    }
}

static void accept_all(int epoll, int listener)
{
    int fd;

    while ((fd = echo_accept(listener)) >= 0) {
        struct connection *connection = calloc(1, sizeof(*connection));

        if (connection == NULL) {
            err(1, "a connection");
        }
        connection->fd = fd;
        watch(epoll, EPOLL_CTL_ADD, fd, EPOLLIN, connection);
    }
}

static void connection_free(struct connection *connection)
{
    close(connection->fd);
    free(connection->unsent.bytes);
    free(connection);
}

static void on_ready(int epoll, struct connection *connection)
{
    bool was_blocked = connection->unsent.bytes != NULL;
    enum echo_result result = was_blocked ? echo_flush(connection->fd, &connection->unsent)
                                          : echo_receive(connection->fd, &connection->unsent);

    if (result == ECHO_ENDED) {
        connection_free(connection);
    } else if (was_blocked != (result == ECHO_WANTS_WRITE)) {
        watch(epoll, EPOLL_CTL_MOD, connection->fd, result == ECHO_WANTS_WRITE ? EPOLLOUT : EPOLLIN,
              connection);
    }
}

int main(int argc, char **argv)
{
    static struct epoll_event events[EVENTS_MAX];
    int listener = echo_listen(argc, argv);
    int epoll = epoll_create1(EPOLL_CLOEXEC);

    if (epoll < 0) {
        err(1, "epoll_create1");
    }
    watch(epoll, EPOLL_CTL_ADD, listener, EPOLLIN, NULL);
    for (;;) {
        int count = epoll_wait(epoll, events, EVENTS_MAX, -1);

        if (count < 0 && errno != EINTR) {
            err(1, "epoll_wait");
        }
        for (int i = 0; i < count; i++) {
            if (events[i].data.ptr == NULL) {
                accept_all(epoll, listener);
            } else {
                on_ready(epoll, events[i].data.ptr);
            }
        }
    }
}

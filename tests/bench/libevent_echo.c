/*
 * The same echo of bytes on libevent's event loop with plain events: what a daemon on libevent
 * is compared with.
 */
#include "common/echo.h"

#include <err.h>
#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdlib.h>
#include <unistd.h>

struct connection {
    struct event event; /* waits for input, or for room to send while there is something unsent */
    struct unsent unsent;
};

static void on_ready(evutil_socket_t fd, short events, void *argument);

static void wait_for(struct connection *connection, struct event_base *base, int fd, short what)
{
    event_assign(&connection->event, base, fd, (short)(what | EV_PERSIST), on_ready, connection);
    if (event_add(&connection->event, NULL) < 0) {
        errx(1, "event_add");
    }
}

static void connection_free(struct connection *connection, int fd)
{
    event_del(&connection->event);
    close(fd);
    free(connection->unsent.bytes);
    free(connection);
}

static void on_ready(evutil_socket_t fd, short events, void *argument)
{
    struct connection *connection = argument;
    enum echo_result result = (events & EV_WRITE) != 0 ? echo_flush(fd, &connection->unsent)
                                                       : echo_receive(fd, &connection->unsent);
    short wanted = result == ECHO_WANTS_WRITE ? EV_WRITE : EV_READ;

    if (result == ECHO_ENDED) {
        connection_free(connection, fd);
    } else if ((events & wanted) == 0) {
        event_del(&connection->event);
        wait_for(connection, event_get_base(&connection->event), fd, wanted);
    }
}

static void on_accept(evutil_socket_t listener, short events, void *argument)
{
    int fd;

    (void)events;
    while ((fd = echo_accept(listener)) >= 0) {
        struct connection *connection = calloc(1, sizeof(*connection));

        if (connection == NULL) {
            err(1, "a connection");
        }
        wait_for(connection, argument, fd, EV_READ);
    }
}

static struct event_base *create_base(void)
{
    struct event_config *config = event_config_new();
    struct event_base *base = NULL;

    if (config != NULL && event_config_set_flag(config, EVENT_BASE_FLAG_NOLOCK) == 0) {
        base = event_base_new_with_config(config);
    }
    if (base == NULL) {
        errx(1, "no event base");
    }
    event_config_free(config);
    return base;
}

int main(int argc, char **argv)
{
    int listener = echo_listen(argc, argv);
    struct event_base *base = create_base();
    struct event event;

    event_assign(&event, base, listener, EV_READ | EV_PERSIST, on_accept, base);
    if (event_add(&event, NULL) < 0) {
        errx(1, "event_add");
    }
    return event_base_dispatch(base) < 0 ? EXIT_FAILURE : EXIT_SUCCESS;
}

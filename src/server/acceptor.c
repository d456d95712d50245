/*
 * The accept loop.
 */
#include "server/acceptor.h"

#include "base/log.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 64, PAUSE_FIRST_MS = 100, PAUSE_LONGEST_MS = 1000 };

/* One listening socket being watched. */
struct accept_watch {
    struct acceptor *acceptor;
    const struct listener *listener;
    struct event *event;
};

struct acceptor {
    struct admission *admission;
    struct listener_set *listeners;
    acceptor_sink *sink;
    void *owner;
    struct event *resume; /* armed while paused */
    int pause_ms;         /* the next pause; PAUSE_FIRST_MS after every success */
    struct accept_watch watches[];
};

static void set_watching(struct acceptor *acceptor, bool watching)
{
    for (size_t i = 0; i < acceptor->listeners->count; i++) {
        struct event *event = acceptor->watches[i].event;

        (void)(watching ? event_add(event, NULL) : event_del(event));
    }
}

static void resume_accepting(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    set_watching(argument, true);
}

/* A listening socket that stays watched would spin. */
static void pause_accepting(struct acceptor *acceptor, int error)
{
    struct timeval delay = {.tv_sec = acceptor->pause_ms / 1000,
                            .tv_usec = acceptor->pause_ms % 1000 * 1000L};

    log_warning("cannot accept connections for the moment", LOG_TEXT("error", strerror(error)),
                LOG_NUMBER("retry_ms", acceptor->pause_ms));
    set_watching(acceptor, false);
    (void)event_add(acceptor->resume, &delay);
    acceptor->pause_ms *= 2;
    if (acceptor->pause_ms > PAUSE_LONGEST_MS) {
        acceptor->pause_ms = PAUSE_LONGEST_MS;
    }
}

static void hand_on(struct acceptor *acceptor, int fd, const struct listener *listener,
                    const struct sockaddr *address)
{
    enum admission_verdict verdict = admission_ask(acceptor->admission);
    struct peer peer;

    if (verdict == ADMISSION_DENIED) {
        log_warning("too many connections: one was closed unread",
                    LOG_NUMBER("denied", atomic_load(&acceptor->admission->denied)));
        (void)close(fd);
        return;
    }
    peer_set(&peer, address);
    acceptor->sink(acceptor->owner, fd, listener, &peer, verdict);
}

enum accept_outcome { ACCEPT_TAKEN, ACCEPT_SKIPPED, ACCEPT_NONE_LEFT };

/*
 * Only what this process or machine is short of lasts. Everything else is said of one connection,
 * which is gone: accept(2) hands on what the network has already reported of it (ENETDOWN,
 * EHOSTUNREACH, ...), and the next may be fine.
 */
static enum accept_outcome accept_error(struct acceptor *acceptor, int error)
{
    switch (error) {
    case EAGAIN:
        return ACCEPT_NONE_LEFT;
    case EMFILE:
    case ENFILE:
    case ENOBUFS:
    case ENOMEM:
        pause_accepting(acceptor, error);
        return ACCEPT_NONE_LEFT;
    default:
        return ACCEPT_SKIPPED;
    }
}

static enum accept_outcome accept_one(struct accept_watch *watch)
{
    struct sockaddr_storage address = {0};
    socklen_t length = sizeof address;
    int fd = accept4(watch->listener->fd, (struct sockaddr *)&address, &length,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return accept_error(watch->acceptor, errno);
    }
    watch->acceptor->pause_ms = PAUSE_FIRST_MS;
    hand_on(watch->acceptor, fd, watch->listener, (struct sockaddr *)&address);
    return ACCEPT_TAKEN;
}

static void accept_ready(evutil_socket_t fd, short what, void *argument)
{
    (void)fd;
    (void)what;
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (accept_one(argument) == ACCEPT_NONE_LEFT) {
            return;
        }
    }
}

static bool watch_listener(struct event_base *base, struct acceptor *acceptor, size_t index)
{
    struct accept_watch *watch = &acceptor->watches[index];

    watch->acceptor = acceptor;
    watch->listener = &acceptor->listeners->listeners[index];
    watch->event = event_new(base, watch->listener->fd, EV_READ | EV_PERSIST, accept_ready, watch);
    return watch->event != NULL && event_add(watch->event, NULL) == 0;
}

struct acceptor *acceptor_create(struct event_base *base, struct listener_set *listeners,
                                 struct admission *admission, acceptor_sink *sink, void *owner)
{
    struct acceptor *acceptor =
        calloc(1, sizeof *acceptor + listeners->count * sizeof acceptor->watches[0]);
    bool watching;

    if (acceptor == NULL) {
        return NULL;
    }
    *acceptor = (struct acceptor){.admission = admission,
                                  .listeners = listeners,
                                  .sink = sink,
                                  .owner = owner,
                                  .pause_ms = PAUSE_FIRST_MS};
    acceptor->resume = evtimer_new(base, resume_accepting, acceptor);
    watching = acceptor->resume != NULL;
    for (size_t i = 0; watching && i < listeners->count; i++) {
        watching = watch_listener(base, acceptor, i);
    }
    if (!watching) {
        acceptor_free(acceptor);
        return NULL;
    }
    return acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL) {
        return;
    }
    for (size_t i = 0; i < acceptor->listeners->count; i++) {
        if (acceptor->watches[i].event != NULL) {
            event_free(acceptor->watches[i].event);
        }
    }
    if (acceptor->resume != NULL) {
        event_free(acceptor->resume);
    }
    listener_set_close_sockets(acceptor->listeners);
    free(acceptor);
}

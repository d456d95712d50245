/*
 * The acceptor of the main thread.
 */
#include "server/distributor.h"

#include "net/watch.h"

#include <stdlib.h>

struct distributor {
    struct worker *const *workers;
    unsigned count;
    struct acceptor *acceptor;
    struct watch_set watches; /* what the acceptor waits for */
    struct event *event;      /* of `watches`, on the main thread's base */
};

/* A bad split at accept lasts as long as the connections do: the fewest gets the next. */
static void give_to_fewest(void *owner, int fd, struct listener *listener, const struct peer *peer,
                           enum admission_verdict verdict)
{
    const struct distributor *distributor = owner;
    struct worker *fewest = distributor->workers[0];

    for (unsigned i = 1; i < distributor->count; i++) {
        struct worker *worker = distributor->workers[i];

        if (worker_connection_count(worker) < worker_connection_count(fewest)) {
            fewest = worker;
        }
    }
    worker_give(fewest, fd, listener, peer, verdict);
}

static void watches_ready(evutil_socket_t fd, short what, void *argument)
{
    struct distributor *distributor = argument;

    (void)fd;
    (void)what;
    /* Without a wait it can fail only if the descriptor is no epoll set. */
    (void)watch_poll(&distributor->watches, false);
}

static bool wait_on(struct event_base *base, struct distributor *distributor)
{
    if (!watch_set_init(&distributor->watches, NULL)) {
        return false;
    }
    distributor->event = event_new(base, distributor->watches.epoll_fd, EV_READ | EV_PERSIST,
                                   watches_ready, distributor);
    return distributor->event != NULL && event_add(distributor->event, NULL) == 0;
}

struct distributor *distributor_create(struct event_base *base, const struct listener_set *set,
                                       struct admission *admission, struct worker *const *workers,
                                       unsigned count)
{
    struct distributor *distributor = calloc(1, sizeof *distributor);

    if (distributor == NULL) {
        return NULL;
    }
    distributor->workers = workers;
    distributor->count = count;
    if (wait_on(base, distributor)) {
        distributor->acceptor =
            acceptor_create(&distributor->watches, set, admission, give_to_fewest, distributor);
    }
    if (distributor->acceptor == NULL) {
        distributor_free(distributor);
        return NULL;
    }
    return distributor;
}

struct acceptor *distributor_acceptor(const struct distributor *distributor)
{
    return distributor != NULL ? distributor->acceptor : NULL;
}

void distributor_free(struct distributor *distributor)
{
    if (distributor == NULL) {
        return;
    }
    acceptor_free(distributor->acceptor);
    if (distributor->event != NULL) {
        event_free(distributor->event);
    }
    watch_set_free(&distributor->watches);
    free(distributor);
}

/*
 * The accept loop.
 */
#include "server/acceptor.h"

#include "base/log.h"
#include "net/watch_timer.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { ACCEPT_BATCH = 64, PAUSE_FIRST_MS = 100, PAUSE_LONGEST_MS = 1000 };

/* One listening socket being watched; a reference to what it points to. */
struct accept_watch {
    struct acceptor *acceptor;
    struct bound_socket *bound;
    struct listener *listener;
    struct single_watch watch;
    bool kept; /* in a change: the socket has a watch already, which goes on */
};

struct accept_watches {
    struct accept_watch **items;
    size_t count;
};

struct acceptor {
    struct watch_set *set;
    struct admission *admission;
    acceptor_sink *sink;
    void *owner;
    struct watch_timer resume; /* runs while paused */
    int pause_ms;              /* the next pause; PAUSE_FIRST_MS after every success */
    struct accept_watches watches;
};

struct acceptor_change {
    struct accept_watches watches; /* one for each socket */
};

/* Returns whether all are as they should be. */
static bool set_watching(struct acceptor *acceptor, bool watching)
{
    bool good = true;

    for (size_t i = 0; i < acceptor->watches.count; i++) {
        struct watch *watch = &acceptor->watches.items[i]->watch.watch;

        good = watch_want(acceptor->set, watch, watching ? WATCH_READ : 0) && good;
    }
    return good;
}

/* A listening socket that stays watched would spin. */
static void pause_accepting(struct acceptor *acceptor, int error)
{
    log_warning("cannot accept connections for the moment", LOG_TEXT("error", strerror(error)),
                LOG_NUMBER("retry_ms", acceptor->pause_ms));
    (void)set_watching(acceptor, false);
    watch_timer_start(&acceptor->resume, acceptor->pause_ms);
    acceptor->pause_ms *= 2;
    if (acceptor->pause_ms > PAUSE_LONGEST_MS) {
        acceptor->pause_ms = PAUSE_LONGEST_MS;
    }
}

static void resume_accepting(void *argument)
{
    if (!set_watching(argument, true)) {
        pause_accepting(argument, errno);
    }
}

static void hand_on(struct acceptor *acceptor, int fd, struct listener *listener,
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
    acceptor->sink(acceptor->owner, fd, listener_enter(listener), &peer, verdict);
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
    int fd = accept4(watch->bound->fd, (struct sockaddr *)&address, &length,
                     SOCK_NONBLOCK | SOCK_CLOEXEC);

    if (fd < 0) {
        return accept_error(watch->acceptor, errno);
    }
    watch->acceptor->pause_ms = PAUSE_FIRST_MS;
    atomic_fetch_add_explicit(&watch->bound->accepted, 1, memory_order_relaxed);
    accept_count_increase(watch->listener->accepted);
    hand_on(watch->acceptor, fd, watch->listener, (struct sockaddr *)&address);
    return ACCEPT_TAKEN;
}

static void accept_ready(void *argument)
{
    for (int i = 0; i < ACCEPT_BATCH; i++) {
        if (accept_one(argument) == ACCEPT_NONE_LEFT) {
            return;
        }
    }
}

/* ---- which sockets ---- */

static void free_watch(struct accept_watch *watch)
{
    bound_socket_release(watch->bound);
    listener_release(watch->listener);
    free(watch);
}

static void free_watches(struct accept_watches *watches)
{
    for (size_t i = 0; i < watches->count; i++) {
        free_watch(watches->items[i]);
    }
    free(watches->items);
}

/* Who has connected before a socket is closed is served. */
static void accept_waiting(struct accept_watch *watch)
{
    for (int i = 0; i < LISTENER_BACKLOG && accept_one(watch) != ACCEPT_NONE_LEFT; i++) {}
}

/* Stops accepting from a socket for good. */
static void end_watch(struct accept_watch *watch)
{
    (void)watch_want(watch->acceptor->set, &watch->watch.watch, 0);
    bound_socket_close(watch->bound);
    free_watch(watch);
}

static struct accept_watch *create_watch(struct acceptor *acceptor,
                                         const struct listening *listening)
{
    struct accept_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        return NULL;
    }
    *watch = (struct accept_watch){.acceptor = acceptor,
                                   .bound = bound_socket_hold(listening->bound),
                                   .listener = listener_hold(listening->listener),
                                   .kept = listening->kept};
    single_watch_init(&watch->watch, listening->bound->fd, accept_ready, watch);
    return watch;
}

struct acceptor_change *acceptor_prepare(struct acceptor *acceptor, const struct listener_set *set)
{
    struct acceptor_change *change = calloc(1, sizeof *change);
    struct accept_watches *watches;
    bool made;

    if (change == NULL) {
        return NULL;
    }
    watches = &change->watches;
    watches->items = calloc(set->count, sizeof(struct accept_watch *));
    made = watches->items != NULL;
    for (size_t i = 0; made && i < set->count; i++) {
        watches->items[i] = create_watch(acceptor, &set->sockets[i]);
        made = watches->items[i] != NULL;
        watches->count += made;
    }
    if (!made) {
        acceptor_discard(change);
        return NULL;
    }
    return change;
}

void acceptor_discard(struct acceptor_change *change)
{
    if (change != NULL) {
        free_watches(&change->watches);
        free(change);
    }
}

/* Takes the watch of a socket out of those in force. */
static struct accept_watch *take_watch(struct accept_watches *watches,
                                       const struct bound_socket *bound)
{
    size_t i = 0;
    struct accept_watch *found;

    while (watches->items[i]->bound != bound) {
        i++;
    }
    found = watches->items[i];
    watches->items[i] = watches->items[--watches->count];
    return found;
}

/* Lets the watch that a socket has go on with another listener; what is over is freed. */
static struct accept_watch *keep_watch(struct accept_watches *watches, struct accept_watch *wanted)
{
    struct accept_watch *kept = take_watch(watches, wanted->bound);
    struct listener *previous = kept->listener;

    kept->listener = wanted->listener;
    wanted->listener = previous;
    free_watch(wanted);
    return kept;
}

void acceptor_apply(struct acceptor *acceptor, struct acceptor_change *change)
{
    struct accept_watches *wanted = &change->watches;
    struct accept_watches previous = acceptor->watches;

    for (size_t i = 0; i < wanted->count; i++) {
        if (wanted->items[i]->kept) {
            wanted->items[i] = keep_watch(&previous, wanted->items[i]);
        }
    }
    acceptor->watches = *wanted;
    free(change);
    if (!set_watching(acceptor, true)) {
        pause_accepting(acceptor, errno);
    }
    while (previous.count > 0) {
        struct accept_watch *dropped = previous.items[--previous.count];

        accept_waiting(dropped);
        end_watch(dropped);
    }
    free(previous.items);
}

/* ---- making and freeing ---- */

struct acceptor *acceptor_create(struct watch_set *watches, const struct listener_set *set,
                                 struct admission *admission, acceptor_sink *sink, void *owner)
{
    struct acceptor *acceptor = calloc(1, sizeof *acceptor);
    struct acceptor_change *change;

    if (acceptor == NULL) {
        return NULL;
    }
    *acceptor = (struct acceptor){.set = watches,
                                  .admission = admission,
                                  .sink = sink,
                                  .owner = owner,
                                  .pause_ms = PAUSE_FIRST_MS};
    change = watch_timer_init(&acceptor->resume, watches, resume_accepting, acceptor)
                 ? acceptor_prepare(acceptor, set)
                 : NULL;
    if (change == NULL) {
        acceptor_free(acceptor);
        return NULL;
    }
    acceptor_apply(acceptor, change);
    return acceptor;
}

void acceptor_free(struct acceptor *acceptor)
{
    if (acceptor == NULL) {
        return;
    }
    for (size_t i = 0; i < acceptor->watches.count; i++) {
        end_watch(acceptor->watches.items[i]);
    }
    free(acceptor->watches.items);
    watch_timer_close(&acceptor->resume);
    free(acceptor);
}

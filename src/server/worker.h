/*
 * A worker: one thread with a loop of its own, on which connections live.
 */
#ifndef WSRELAYD_SERVER_WORKER_H
#define WSRELAYD_SERVER_WORKER_H

#include "base/mailbox.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/counters.h"
#include "net/departure.h"
#include "net/listener_set.h"
#include "net/snapshot.h"
#include "relay/relay.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

struct worker;

/* What worker_turned_ms says of a worker that has ended as it was asked to. */
#define WORKER_ENDED_MS INT64_MAX

/*
 * Makes a worker that has not started. `ended` is called from its thread as the last thing that it
 * does, and the worker must then be joined. NULL when memory or descriptors are short.
 */
struct worker *worker_create(struct snapshot *snapshot, struct relay *relay,
                             struct admission *admission, unsigned index,
                             void (*ended)(void *owner), void *owner);

/* Lets a worker that has not started accept by itself. False when out of memory. */
bool worker_accept(struct worker *worker, const struct listener_set *set);

/* Starts the thread. Returns 0, or an errno value. */
int worker_start(struct worker *worker);

/*
 * What makes a worker go over to another configuration: everything that it needs for that. `set` is
 * for one that accepts by itself. With `closes`, connections that the snapshot or the set does not
 * want to keep are closed (net/outdated.h). NULL when memory is short. Any thread, while the worker
 * runs and has not been told to stop.
 */
struct worker_change;
struct worker_change *worker_prepare(struct worker *worker, struct snapshot *snapshot,
                                     const struct listener_set *set, bool closes);

/* Counts workers that have not gone over yet. The last one posts the mail. */
struct worker_barrier {
    struct mail mail;
    struct mailbox *mailbox;
    atomic_uint left;
};

/*
 * Either takes what worker_prepare has made. `barrier` (may be NULL) must stay where it is until
 * the mail comes. worker_discard accepts NULL.
 */
void worker_commit(struct worker *worker, struct worker_change *change,
                   struct worker_barrier *barrier);
void worker_discard(struct worker_change *change);

/* Connections that it has, those under way to it included. */
unsigned worker_connection_count(const struct worker *worker);

/* Any thread: gives the worker an accepted socket, and its reference to its listener. */
void worker_give(struct worker *worker, int fd, struct listener *listener, const struct peer *peer,
                 enum admission_verdict verdict);

/* How a worker is told to end. All but the last take no more connections, and end when the last
 * connection is gone. */
enum worker_order {
    WORKER_DRAIN,    /* each connection is closed at its moment of the departure */
    WORKER_HURRY,    /* the same, anew */
    WORKER_STOP,     /* all are closed, in an orderly way */
    WORKER_STOP_NOW, /* drops who is left; after any of the others */
    WORKER_ORDER_COUNT
};

/*
 * Any thread, each order once. `departure` is for those that drain. Who is left at `end_ms`
 * (monotonic) is dropped then.
 */
void worker_order(struct worker *worker, enum worker_order order, const struct departure *departure,
                  int64_t end_ms);

/*
 * Any thread: sends the worker a mail that it takes in its next turn, at once if it waits. While
 * one is under way it is not sent another.
 */
void worker_ask(struct worker *worker);

/* Any thread: when the worker has last taken such a mail (ms, monotonic), or else was made. */
int64_t worker_turned_ms(const struct worker *worker);

/* Any thread: for how long such a mail has been waiting to be taken (ms); 0: none is under
 * way, or the worker has ended. */
int64_t worker_silence_ms(const struct worker *worker);

/*
 * Any thread: has mail delivered on the worker's thread, the worker being its receiver. What one
 * that has ended has not taken is delivered by whoever calls worker_join.
 */
void worker_post(struct worker *worker, struct mail *mail);

/* What its connections share: for its own thread. */
struct loop *worker_loop(const struct worker *worker);

/* What the worker has counted. Any thread. */
const struct counters *worker_counters(const struct worker *worker);

/* Waits for the thread, if it was started, and delivers the mail that it has left. */
void worker_join(struct worker *worker);

/* The same, and frees. NULL is allowed. */
void worker_free(struct worker *worker);

#endif

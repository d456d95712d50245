/*
 * A worker: one thread with a loop of its own, on which connections live.
 */
#ifndef WSRELAYD_SERVER_WORKER_H
#define WSRELAYD_SERVER_WORKER_H

#include "base/mailbox.h"
#include "config/config.h"
#include "net/admission.h"
#include "net/conn.h"
#include "net/counters.h"
#include "net/listener.h"
#include "relay/relay.h"

#include <stdbool.h>

struct worker;

/*
 * Makes a worker that has not started. `ended` is called from its thread as the last thing that it
 * does, and the worker must then be joined. NULL when memory or descriptors are short.
 */
struct worker *worker_create(const struct config *config, struct relay *relay,
                             struct admission *admission, unsigned index,
                             void (*ended)(void *owner), void *owner);

/* Lets a worker that has not started accept by itself from `listeners`. False when out of memory.
 */
bool worker_accept(struct worker *worker, struct listener_set *listeners);

/* Starts the thread. Returns 0, or an errno value. */
int worker_start(struct worker *worker);

/* Connections that it has, those under way to it included. */
unsigned worker_connection_count(const struct worker *worker);

/* Any thread: gives the worker an accepted socket. */
void worker_give(struct worker *worker, int fd, const struct listener *listener,
                 const struct peer *peer, enum admission_verdict verdict);

/*
 * Any thread: stops accepting, closes every connection in an orderly way, ends when the last is
 * gone and at the latest at `end_ms` (monotonic). Once.
 */
void worker_stop(struct worker *worker, int64_t end_ms);

/* Any thread, after worker_stop: ends at once. Once. */
void worker_stop_now(struct worker *worker);

/* What the worker has counted. Any thread. */
const struct counters *worker_counters(const struct worker *worker);

/* Waits for the thread, if it was started, and frees. NULL is allowed. */
void worker_free(struct worker *worker);

#endif

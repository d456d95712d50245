/*
 * With several workers: the main thread accepts, and each connection goes to the worker that has
 * the fewest.
 */
#ifndef WSRELAYD_SERVER_DISTRIBUTOR_H
#define WSRELAYD_SERVER_DISTRIBUTOR_H

#include "server/acceptor.h"
#include "server/worker.h"

#include <event2/event.h>

struct distributor;

/*
 * Accepts from the sockets of `set` on `base`, whose thread the caller is, for `count` workers, all
 * of which must stay until it is freed. NULL when memory or descriptors are short.
 */
struct distributor *distributor_create(struct event_base *base, const struct listener_set *set,
                                       struct admission *admission, struct worker *const *workers,
                                       unsigned count);

/* What takes part in reloads. NULL for NULL. */
struct acceptor *distributor_acceptor(const struct distributor *distributor);

/* Stops accepting and closes the listening sockets; NULL is allowed. */
void distributor_free(struct distributor *distributor);

#endif

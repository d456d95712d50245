/*
 * Accepting: takes connections from the listening sockets and hands them on, a bounded number at
 * a time, and waits when descriptors run out.
 */
#ifndef WSRELAYD_SERVER_ACCEPTOR_H
#define WSRELAYD_SERVER_ACCEPTOR_H

#include "net/admission.h"
#include "net/conn.h"
#include "net/listener.h"

#include <event2/event.h>

struct acceptor;

/* Takes over an accepted socket. */
typedef void acceptor_sink(void *owner, int fd, const struct listener *listener,
                           const struct peer *peer, enum admission_verdict verdict);

/* Watches the sockets of `listeners` on `base`. NULL when memory is short. */
struct acceptor *acceptor_create(struct event_base *base, struct listener_set *listeners,
                                 struct admission *admission, acceptor_sink *sink, void *owner);

/* Stops watching and closes the listening sockets. The thread of the base; NULL is allowed. */
void acceptor_free(struct acceptor *acceptor);

#endif

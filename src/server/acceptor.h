/*
 * Accepting: takes connections from the listening sockets and hands them on, a bounded number at
 * a time, and waits when descriptors run out.
 */
#ifndef WSRELAYD_SERVER_ACCEPTOR_H
#define WSRELAYD_SERVER_ACCEPTOR_H

#include "net/admission.h"
#include "net/conn.h"
#include "net/listener_set.h"
#include "net/watch.h"

struct acceptor;

/* Takes over an accepted socket and a reference to its listener, to be ended by listener_leave. */
typedef void acceptor_sink(void *owner, int fd, struct listener *listener, const struct peer *peer,
                           enum admission_verdict verdict);

/* Watches the sockets of `set` on `watches`. NULL when memory or descriptors are short. */
struct acceptor *acceptor_create(struct watch_set *watches, const struct listener_set *set,
                                 struct admission *admission, acceptor_sink *sink, void *owner);

/* Stops watching and closes the listening sockets. The thread of the watches, between two polls;
 * NULL is allowed. */
void acceptor_free(struct acceptor *acceptor);

/*
 * What makes the acceptor go over to the sockets and listeners of `set`. Any thread, while the
 * acceptor lives. NULL when memory is short.
 */
struct acceptor_change *acceptor_prepare(struct acceptor *acceptor, const struct listener_set *set);

/* Takes what acceptor_prepare has made, or gives it up; NULL is allowed. */
void acceptor_discard(struct acceptor_change *change);

/*
 * Goes over and frees the change: sockets that are in both sets are accepted from without a pause,
 * new ones are from now on, the others are closed when who waits there has been accepted. The
 * thread of the watches, between two polls. Cannot fail: a socket that cannot be watched is tried
 * again later.
 */
void acceptor_apply(struct acceptor *acceptor, struct acceptor_change *change);

#endif

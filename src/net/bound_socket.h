/*
 * A listening socket and its address. It outlives the configuration that opened it when a later one
 * wants the same address: counted, held by whoever accepts from it and by the set of those in
 * force.
 */
#ifndef WSRELAYD_NET_BOUND_SOCKET_H
#define WSRELAYD_NET_BOUND_SOCKET_H

#include "config/config.h"
#include "net/address.h"
#include "net/inherited.h"

#include <netinet/in.h>
#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LISTENER_BACKLOG = 4096 };

struct bound_socket {
    atomic_uint references;
    int fd;                 /* non-blocking, close-on-exec, listening; -1: closed */
    struct address address; /* where it listens */
    struct address wanted;  /* the same as it was asked for: maybe with port 0, any free one */
    char *passed_name;      /* under which it was passed to this process; NULL: it was not */
    bool stored; /* the service manager keeps it for the next start, which needs the file */
    /* Connections accepted, those over a limit included, whatever listener it was at the time.
     * Written by the thread that accepts, read by any. */
    _Atomic uint64_t accepted;
};

/* Why a socket could not be opened. */
struct bound_socket_failure {
    int error;        /* errno value, or 0 where `text` says it all */
    const char *text; /* for the log; valid until the next failure */
};

/*
 * Binds and listens at `wanted`, or at its address with port `port` (network order) if that is not
 * 0. If an earlier process has stored that very socket it is taken instead (net/inherited.h). IPv6
 * sockets are IPv6 only; of a unix socket `config` says who may use it. One reference. Returns NULL
 * with *failure set, and then nothing is left open.
 */
struct bound_socket *bound_socket_open(const struct address *wanted, in_port_t port,
                                       const struct listener_config *config,
                                       struct bound_socket_failure *failure);

/*
 * Takes the next socket that was passed under a name; `position` and the outcome are those of
 * inherited_take. *bound has one reference, or is NULL with *failure set if it is unfit.
 */
enum inherited_outcome bound_socket_take(struct bound_socket **bound, const char *name,
                                         size_t *position, struct bound_socket_failure *failure);

/*
 * Closes the descriptor and removes a unix socket's file, unless it was passed or is stored; does
 * nothing the second time. By the thread that accepts from it, and nobody else may use the
 * descriptor any more.
 */
void bound_socket_close(struct bound_socket *bound);

/* Any thread; the last reference closes and frees. */
struct bound_socket *bound_socket_hold(struct bound_socket *bound);
void bound_socket_release(struct bound_socket *bound);

#endif

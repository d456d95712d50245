/*
 * The listeners of a configuration and their sockets: opened all or none, before anything is
 * served, and beside those in force by a reload.
 */
#ifndef WSRELAYD_NET_LISTENER_SET_H
#define WSRELAYD_NET_LISTENER_SET_H

#include "net/bound_socket.h"
#include "net/listener.h"
#include "net/unix_socket.h"

#include <stdbool.h>
#include <stddef.h>

/* A socket, and the listener to which what it accepts belongs; a reference to each. */
struct listening {
    struct bound_socket *bound;
    struct listener *listener;
    bool kept; /* from the previous set */
    /* The text of the set's configuration if the resolver was asked for it, or NULL. */
    const char *looked_up;
    bool access_changed;
    struct unix_socket_access access_before; /* if access_changed */
};

struct listener_set {
    struct listening *sockets; /* in the order of the file */
    size_t count;
    struct listener **listeners; /* one for each of the configuration, with a reference, or NULL */
    size_t listener_count;
};

/*
 * Opens every address of every listener; one that `previous` (may be NULL) listens at is kept, not
 * opened. A host name that the same listener has in `previous`, whose configuration must still be
 * there, is not looked up again: it stands for what it stood for. An address family that the
 * machine lacks is passed over if another address of the same listener binds. A stale unix socket
 * is replaced, a live one is an error. Addresses systemd:NAME are taken from what was inherited,
 * which must have been collected (net/inherited.h). Every failure is logged, one line each. Returns
 * 0, or -1 with nothing left open but what `previous` has.
 */
int listener_set_open(struct listener_set *set, const struct config *config,
                      const struct listener_set *previous);

/* The same for one listener that is not in a struct config. */
int listener_set_open_one(struct listener_set *set, const struct listener_config *config);

/* Whether one of the sockets is this one. */
bool listener_set_has(const struct listener_set *set, const struct bound_socket *bound);

/* The main thread: the first listener whose files have changed and cannot be used, or NULL. */
const struct listener *listener_set_find_unusable(const struct listener_set *set);

/*
 * A set of the same sockets, all kept, in which listener `index` has its certificates read anew.
 * `config` is what `set` was opened for. Failures are logged. Returns 0, or -1.
 */
int listener_set_renew(struct listener_set *renewed, const struct listener_set *set,
                       const struct config *config, size_t index);

/*
 * Gives the unix sockets that were kept the owner, group and mode of `config`. Failures are logged,
 * one line each. Returns 0, or -1 with everything as it was.
 */
int listener_set_change_access(struct listener_set *set, const struct config *config);

/* What accepted connections inherit: how long they wait for a peer that takes nothing (ms). */
void listener_set_inherit(const struct listener_set *set, int64_t send_ms);

/* Gives every reference back, which closes sockets that nobody accepts from. */
void listener_set_free(struct listener_set *set);

#endif

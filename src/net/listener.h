/*
 * Listening sockets: opened all or none, before anything is served.
 */
#ifndef WSRELAYD_NET_LISTENER_H
#define WSRELAYD_NET_LISTENER_H

#include "config/config.h"
#include "net/address.h"
#include "net/tls.h"

#include <stdbool.h>
#include <stddef.h>

enum { LISTENER_BACKLOG = 4096 };

/* One bound socket; a listener of the configuration may have several. */
struct listener {
    int fd; /* non-blocking, close-on-exec, listening */
    struct address address;
    const struct listener_config *config;
    bool inherited; /* passed to this process: its file, if any, is not ours to remove */
    bool stored;    /* the service manager keeps it for the next start, which needs the file */
    struct tls_context *tls; /* shared by the listener's sockets, owned by the set; NULL: plain */
};

struct listener_set {
    struct listener *listeners;
    size_t count;
    struct tls_context **contexts; /* one for each listener of the configuration, or NULL */
    size_t context_count;
};

/*
 * Opens every address of every listener. An address family that the machine lacks is passed over
 * if another address of the same listener binds. A stale unix socket is replaced, a live one is an
 * error. IPv6 sockets are IPv6 only. Unix sockets are created under a umask of 0177 and then get
 * their owner, group and mode. Addresses systemd:NAME are taken from what was inherited, which must
 * have been collected (net/inherited.h). Every failure is logged, one line each. Returns 0, or -1
 * with nothing left open.
 */
int listener_set_open(struct listener_set *set, const struct config *config);

/* Closes the sockets and removes the unix sockets' files. Contexts stay. */
void listener_set_close_sockets(struct listener_set *set);

/* The rest; connections must be gone. */
void listener_set_free(struct listener_set *set);

#endif

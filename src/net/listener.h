/*
 * What a connection keeps of where it came in: counted, because a reload may replace it while
 * connections live on. The sockets are net/bound_socket.h.
 */
#ifndef WSRELAYD_NET_LISTENER_H
#define WSRELAYD_NET_LISTENER_H

#include "config/config.h"
#include "net/accept_count.h"
#include "net/tls.h"

#include <stdatomic.h>

struct listener {
    atomic_uint references;
    char *name;
    struct accept_count *accepted; /* connections, those over a limit included; a reference */
    struct tls_context *tls;       /* owned; NULL: plain */

    /* The main thread's; see server/certificate_watch.h. Marks of tls_files_mark. */
    uint64_t files_mark;  /* before the files were read */
    uint64_t seen_mark;   /* when they were last looked at */
    uint64_t failed_mark; /* of files that are there and cannot be used; 0: they can */
};

/*
 * A listener with one reference; reads certificates and keys. TLS sessions of `previous`, the one
 * that it replaces, or NULL, can be resumed if clients are not asked for certificates. Every
 * problem is logged, one line each. Returns NULL when there was an error.
 */
struct listener *listener_create(const struct listener_config *config,
                                 const struct listener *previous);

/* Any thread; the last reference frees. NULL is allowed. */
struct listener *listener_hold(struct listener *listener);
void listener_release(struct listener *listener);

/* The same for a connection, which is counted as present for as long as it holds its reference. */
struct listener *listener_enter(struct listener *listener);
void listener_leave(struct listener *listener);

#endif

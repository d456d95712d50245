/*
 * The part of a configuration that the loops need: immutable, counted, replaced as a whole by a
 * reload. Each loop holds one reference, the main thread another.
 */
#ifndef WSRELAYD_NET_SNAPSHOT_H
#define WSRELAYD_NET_SNAPSHOT_H

#include "config/config.h"
#include "net/route.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>

struct snapshot {
    atomic_uint references;
    struct limits_config limits;
    struct timeouts_config timeouts;
    bool log_access;
    enum on_reload on_reload; /* of connections whose route or listener is gone */
    struct route **routes;    /* in the file's order; a reference to each */
    size_t route_count;
};

/* How the routes of a snapshot differ from those of the one before. */
struct snapshot_changes {
    size_t kept;    /* carried over: connections see no difference */
    size_t changed; /* of the same path and host as one before */
    size_t added;
    size_t removed;
};

/*
 * A snapshot with one reference. The routes are moved out of `config`, which is left without their
 * contents; one that means the same as one of `previous` (may be NULL) is carried over from there.
 * *changes is filled. NULL when memory is short.
 */
struct snapshot *snapshot_create(struct config *config, const struct snapshot *previous,
                                 struct snapshot_changes *changes);

/* Any thread; the last reference frees. NULL is allowed. */
struct snapshot *snapshot_hold(struct snapshot *snapshot);
void snapshot_release(struct snapshot *snapshot);

#endif

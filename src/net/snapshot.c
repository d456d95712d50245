/*
 * Making snapshots, and carrying over what has not changed.
 */
#include "net/snapshot.h"

#include "net/reload_counters.h"
#include "net/route_index.h"

#include <stdlib.h>

/* ---- counting ---- */

static struct snapshot *allocate(const struct config *config)
{
    struct snapshot *snapshot = calloc(1, sizeof *snapshot);

    if (snapshot == NULL) {
        return NULL;
    }
    snapshot->routes = calloc(config->route_count + 1, sizeof(struct route *));
    if (snapshot->routes == NULL) {
        free(snapshot);
        return NULL;
    }
    atomic_init(&snapshot->references, 1);
    snapshot->limits = config->limits;
    snapshot->timeouts = config->timeouts;
    snapshot->log_access = config->log.access;
    snapshot->on_reload = config->defaults.on_reload;
    reload_counter_increase(LIVE_SNAPSHOTS);
    return snapshot;
}

struct snapshot *snapshot_hold(struct snapshot *snapshot)
{
    atomic_fetch_add_explicit(&snapshot->references, 1, memory_order_relaxed);
    return snapshot;
}

void snapshot_release(struct snapshot *snapshot)
{
    if (snapshot == NULL ||
        atomic_fetch_sub_explicit(&snapshot->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    for (size_t i = 0; i < snapshot->route_count; i++) {
        route_release(snapshot->routes[i]);
    }
    free(snapshot->routes);
    free(snapshot);
    reload_counter_decrease(LIVE_SNAPSHOTS);
}

/* ---- routes ---- */

/* Adds the next route: the new one, or the old one that means the same. */
static bool add_route(struct snapshot *snapshot, struct route_config *config,
                      const struct route_index *old, struct snapshot_changes *changes)
{
    struct route *route = route_create(config);
    struct route *equal = route != NULL ? route_index_find_equal(old, route) : NULL;

    if (route == NULL) {
        return false;
    }
    if (equal != NULL) {
        route_release(route);
        route = route_hold(equal);
        changes->kept++;
    } else if (route_index_find_place(old, route) != NULL) {
        changes->changed++;
    } else {
        changes->added++;
    }
    snapshot->routes[snapshot->route_count++] = route;
    return true;
}

static bool count_removed(const struct snapshot *snapshot, const struct route_index *old,
                          struct snapshot_changes *changes)
{
    struct route_index index;
    bool indexed = route_index_init(&index, snapshot->routes, snapshot->route_count);

    for (size_t i = 0; indexed && i < old->count; i++) {
        changes->removed += route_index_find_place(&index, old->sorted[i]) == NULL;
    }
    route_index_free(&index);
    return indexed;
}

static bool add_routes(struct snapshot *snapshot, struct config *config,
                       const struct route_index *old, struct snapshot_changes *changes)
{
    for (size_t i = 0; i < config->route_count; i++) {
        if (!add_route(snapshot, &config->routes[i], old, changes)) {
            return false;
        }
    }
    return count_removed(snapshot, old, changes);
}

struct snapshot *snapshot_create(struct config *config, const struct snapshot *previous,
                                 struct snapshot_changes *changes)
{
    struct snapshot *snapshot = allocate(config);
    struct route_index old;
    bool made = route_index_init(&old, previous != NULL ? previous->routes : NULL,
                                 previous != NULL ? previous->route_count : 0);

    *changes = (struct snapshot_changes){0};
    made = made && snapshot != NULL && add_routes(snapshot, config, &old, changes);
    route_index_free(&old);
    if (!made) {
        snapshot_release(snapshot);
        return NULL;
    }
    return snapshot;
}

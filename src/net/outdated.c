/*
 * A route is looked up by what it says, because connections may have one from several reloads ago.
 * A listener is looked up by the address that the connection was made to.
 */
#include "net/outdated.h"

#include "net/conn.h"
#include "net/route_index.h"

#include <stdlib.h>

struct outdated {
    struct snapshot *snapshot; /* a reference */
    struct route_index routes;
    struct address *addresses; /* where the configuration listens */
    size_t address_count;
};

static bool keeps_all(const struct snapshot *snapshot)
{
    for (size_t i = 0; i < snapshot->route_count; i++) {
        if (snapshot->routes[i]->config.settings.on_reload == ON_RELOAD_CLOSE) {
            return false;
        }
    }
    return snapshot->on_reload == ON_RELOAD_KEEP;
}

static bool copy_addresses(struct outdated *outdated, const struct listener_set *set)
{
    outdated->addresses = calloc(set->count, sizeof *outdated->addresses);
    if (outdated->addresses == NULL) {
        return false;
    }
    for (size_t i = 0; i < set->count; i++) {
        outdated->addresses[i] = set->sockets[i].bound->address;
    }
    outdated->address_count = set->count;
    return true;
}

bool outdated_create(struct outdated **outdated, struct snapshot *snapshot,
                     const struct listener_set *set)
{
    struct outdated *made;

    *outdated = NULL;
    if (keeps_all(snapshot)) {
        return true;
    }
    made = calloc(1, sizeof *made);
    if (made == NULL) {
        return false;
    }
    made->snapshot = snapshot_hold(snapshot);
    if (!route_index_init(&made->routes, snapshot->routes, snapshot->route_count) ||
        !copy_addresses(made, set)) {
        outdated_free(made);
        return false;
    }
    *outdated = made;
    return true;
}

void outdated_free(struct outdated *outdated)
{
    if (outdated != NULL) {
        route_index_free(&outdated->routes);
        free(outdated->addresses);
        snapshot_release(outdated->snapshot);
        free(outdated);
    }
}

static bool has_listener(const struct outdated *outdated, const struct conn *conn)
{
    struct address local = {.length = sizeof local.storage};

    if (getsockname(conn->watch.fd, (struct sockaddr *)&local.storage, &local.length) != 0) {
        return true;
    }
    for (size_t i = 0; i < outdated->address_count; i++) {
        if (address_covers(&outdated->addresses[i], &local)) {
            return true;
        }
    }
    return false;
}

/* What the configuration wants of connections of this route. */
static enum on_reload wanted_of(const struct outdated *outdated, const struct route *route)
{
    const struct route *successor;

    if (route_index_find_same_text(&outdated->routes, route) != NULL) {
        return ON_RELOAD_KEEP;
    }
    successor = route_index_find_place(&outdated->routes, route);
    return successor != NULL ? successor->config.settings.on_reload : outdated->snapshot->on_reload;
}

bool outdated_has(const struct outdated *outdated, const struct conn *conn)
{
    if (conn->route != NULL && wanted_of(outdated, conn->route) == ON_RELOAD_CLOSE) {
        return true;
    }
    return outdated->snapshot->on_reload == ON_RELOAD_CLOSE && !has_listener(outdated, conn);
}

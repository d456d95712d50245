/*
 * A route in force: counted, because a connection keeps the one that it was born with when a
 * reload replaces it.
 */
#ifndef WSRELAYD_NET_ROUTE_H
#define WSRELAYD_NET_ROUTE_H

#include "config/config.h"

#include <stdatomic.h>

struct route {
    atomic_uint references;
    struct route_config config;
    char *text; /* as -T prints it, but for on_reload: equal texts mean the same */
};

/* Moves `config`, of which nothing is left, into a route with one reference. NULL when memory is
 * short, and then `config` is as it was. */
struct route *route_create(struct route_config *config);

/* Any thread; the last reference frees. NULL is allowed. */
struct route *route_hold(struct route *route);
void route_release(struct route *route);

#endif

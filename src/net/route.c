/*
 * Counting routes.
 */
#include "net/route.h"

#include "net/reload_counters.h"

#include <stdlib.h>

struct route *route_create(struct route_config *config)
{
    struct route *route = calloc(1, sizeof *route);

    if (route == NULL) {
        return NULL;
    }
    route->text = config_route_text(config);
    if (route->text == NULL) {
        free(route);
        return NULL;
    }
    atomic_init(&route->references, 1);
    route->config = *config;
    *config = (struct route_config){0};
    reload_counter_increase(LIVE_ROUTES);
    return route;
}

struct route *route_hold(struct route *route)
{
    atomic_fetch_add_explicit(&route->references, 1, memory_order_relaxed);
    return route;
}

void route_release(struct route *route)
{
    if (route == NULL ||
        atomic_fetch_sub_explicit(&route->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    config_route_clear(&route->config);
    free(route->text);
    free(route);
    reload_counter_decrease(LIVE_ROUTES);
}

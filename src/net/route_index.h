/*
 * Finding routes by what they say and by where they are, for comparing two tables of routes.
 */
#ifndef WSRELAYD_NET_ROUTE_INDEX_H
#define WSRELAYD_NET_ROUTE_INDEX_H

#include "net/route.h"

#include <stdbool.h>
#include <stddef.h>

struct route_index {
    struct route **sorted; /* borrowed */
    size_t count;
};

/* Of `count` routes, which must outlive it. False when memory is short. Free in any case. */
bool route_index_init(struct route_index *index, struct route *const *routes, size_t count);
void route_index_free(struct route_index *index);

/* One that means the same as `route`, one that does but for on_reload, and one of the same path and
 * host; NULL if there is none. */
struct route *route_index_find_equal(const struct route_index *index, const struct route *route);
struct route *route_index_find_same_text(const struct route_index *index,
                                         const struct route *route);
struct route *route_index_find_place(const struct route_index *index, const struct route *route);

#endif

/*
 * Which route a request belongs to: the first that matches host and normalised path.
 */
#ifndef WSRELAYD_NET_ROUTER_H
#define WSRELAYD_NET_ROUTER_H

#include "config/path_pattern.h"
#include "handlers/handler.h"
#include "net/snapshot.h"

#include <stddef.h>

enum { ROUTER_CAPTURES_MAX = PATH_PATTERN_CAPTURES_MAX };

/* `captures` (ROUTER_CAPTURES_MAX of room) and *count receive what the pattern captured, pointing
 * into `path`. Returns NULL when nothing matches. */
struct route *router_find(const struct snapshot *snapshot, struct slice host, struct slice path,
                          struct handler_capture *captures, size_t *count);

/* Whether the page is at this path: the route that takes it has one, or, if there is no such route,
 * `elsewhere` and any route of this host has one. */
bool router_has_page(const struct snapshot *snapshot, struct slice host, struct slice path,
                     bool elsewhere);

#endif

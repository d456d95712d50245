/*
 * Matching of path and host patterns.
 */
#include "net/router.h"

/* "*.example.org" matches every name below example.org, but not example.org itself. */
static bool host_matches(const char *pattern, struct slice host)
{
    struct slice suffix;

    if (pattern == NULL) {
        return true;
    }
    if (pattern[0] != '*') {
        return slice_equal(slice_of(pattern), host);
    }
    suffix = slice_of(pattern + 1);
    return host.length > suffix.length &&
           memcmp(host.data + host.length - suffix.length, suffix.data, suffix.length) == 0;
}

/* Takes what one part of a pattern stands for from the front of *rest; false if it is not there. */
static bool take_part(const struct path_part *part, struct slice *rest, struct slice *taken)
{
    const char *slash;

    *taken = *rest;
    if (part->type == PATH_PART_LITERAL) {
        taken->length = strlen(part->text);
        if (taken->length > rest->length || memcmp(rest->data, part->text, taken->length) != 0) {
            return false;
        }
    } else if (part->type == PATH_PART_SEGMENT) {
        slash = memchr(rest->data, '/', rest->length);
        taken->length = slash != NULL ? (size_t)(slash - rest->data) : rest->length;
        if (taken->length == 0) {
            return false;
        }
    }
    rest->data += taken->length;
    rest->length -= taken->length;
    return true;
}

static bool path_matches(const struct route_config *route, struct slice path,
                         struct handler_capture *captures, size_t *count)
{
    *count = 0;
    for (size_t i = 0; i < route->part_count; i++) {
        const struct path_part *part = &route->parts[i];
        struct slice taken;

        if (!take_part(part, &path, &taken)) {
            return false;
        }
        if (part->type != PATH_PART_LITERAL) {
            captures[(*count)++] = (struct handler_capture){part->text, taken};
        }
    }
    return path.length == 0;
}

struct route *router_find(const struct snapshot *snapshot, struct slice host, struct slice path,
                          struct handler_capture *captures, size_t *count)
{
    for (size_t i = 0; i < snapshot->route_count; i++) {
        struct route *route = snapshot->routes[i];

        if (host_matches(route->config.host, host) &&
            path_matches(&route->config, path, captures, count)) {
            return route;
        }
    }
    return NULL;
}

static bool any_page(const struct snapshot *snapshot, struct slice host)
{
    for (size_t i = 0; i < snapshot->route_count; i++) {
        const struct route_config *route = &snapshot->routes[i]->config;

        if (route->settings.page && host_matches(route->host, host)) {
            return true;
        }
    }
    return false;
}

bool router_has_page(const struct snapshot *snapshot, struct slice host, struct slice path,
                     bool elsewhere)
{
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
    size_t count;
    const struct route *route = router_find(snapshot, host, path, captures, &count);

    return route != NULL ? route->config.settings.page : elsewhere && any_page(snapshot, host);
}

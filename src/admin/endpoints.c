/*
 * The table of endpoints.
 */
#include "admin/endpoints.h"

#include "admin/answers.h"

#include <stddef.h>
#include <stdio.h>

static const char *const connection_parameters[] = {"route", "namespace", "room",  "address",
                                                    "state", "limit",     "after", NULL};
static const char *const room_parameters[] = {"prefix", "limit", "after", NULL};

static const struct endpoint endpoints[] = {
    {"GET", "/healthz", NULL, answer_health},
    {"GET", "/readyz", NULL, answer_readiness},
    {"GET", "/metrics", NULL, answer_metrics},
    {"GET", "/v1/status", NULL, answer_status},
    {"GET", "/v1/config", NULL, answer_config},
    {"GET", "/v1/listeners", NULL, answer_listeners},
    {"GET", "/v1/log-level", NULL, answer_log_level},
    {"PUT", "/v1/log-level", NULL, change_log_level},
    {"POST", "/v1/reload", NULL, begin_reload},
    {"POST", "/v1/drain", NULL, begin_drain},
    {"GET", "/v1/connections", connection_parameters, answer_connections},
    {"POST", "/v1/connections/{}/close", NULL, close_connection},
    {"GET", "/v1/rooms", room_parameters, answer_rooms},
    {"POST", "/v1/rooms/close", NULL, close_room},
    {"POST", "/v1/rooms/publish", NULL, publish_into_room},
};

enum { ENDPOINT_COUNT = sizeof endpoints / sizeof endpoints[0] };

/* Whether the path is one of the pattern's; *element is what its {} stands for. */
static bool matches(const char *pattern, struct slice path, struct slice *element)
{
    const char *hole = strstr(pattern, "{}");
    size_t before = hole != NULL ? (size_t)(hole - pattern) : strlen(pattern);
    struct slice after = slice_of(hole != NULL ? hole + 2 : "");

    *element = (struct slice){NULL, 0};
    if (hole == NULL) {
        return slice_equal(path, slice_of(pattern));
    }
    if (path.length <= before + after.length || memcmp(path.data, pattern, before) != 0 ||
        !slice_equal((struct slice){path.data + path.length - after.length, after.length}, after)) {
        return false;
    }
    *element = (struct slice){path.data + before, path.length - before - after.length};
    return memchr(element->data, '/', element->length) == NULL;
}

static void add_method(char allow[ENDPOINT_ALLOW_BYTES], const char *method)
{
    size_t length = strlen(allow);

    snprintf(allow + length, ENDPOINT_ALLOW_BYTES - length, "%s%s%s", length > 0 ? ", " : "",
             method, strcmp(method, "GET") == 0 ? ", HEAD" : "");
}

enum endpoint_result endpoint_find(struct slice method, struct slice path,
                                   const struct endpoint **found, struct slice *element,
                                   char allow[ENDPOINT_ALLOW_BYTES])
{
    allow[0] = '\0';
    for (size_t i = 0; i < ENDPOINT_COUNT; i++) {
        if (!matches(endpoints[i].pattern, path, element)) {
            continue;
        }
        if (slice_equal(slice_of(endpoints[i].method), method)) {
            *found = &endpoints[i];
            return ENDPOINT_FOUND;
        }
        add_method(allow, endpoints[i].method);
    }
    return allow[0] != '\0' ? ENDPOINT_WRONG_METHOD : ENDPOINT_UNKNOWN;
}

bool endpoint_is_free(struct slice path)
{
    static const char *const paths[] = {"/metrics", "/healthz", "/readyz"};

    for (size_t i = 0; i < sizeof paths / sizeof paths[0]; i++) {
        if (slice_equal(path, slice_of(paths[i]))) {
            return true;
        }
    }
    return false;
}

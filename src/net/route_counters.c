/*
 * The table of routes' counters.
 */
#include "net/route_counters.h"

#include "config/config.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* FNV-1a. The texts are the configuration's: nobody chooses them to collide. */
static uint32_t hash_text(uint32_t hash, const char *text)
{
    for (; *text != '\0'; text++) {
        hash = (hash ^ (unsigned char)*text) * 16777619U;
    }
    return hash;
}

static const char *host_of(const struct route_config *route)
{
    return route->host != NULL ? route->host : "";
}

static bool is_of(const struct route_counters *counters, const struct route_config *route)
{
    size_t host_bytes = strlen(host_of(route));

    return strcmp(counters->handler, route->handler->name) == 0 &&
           strncmp(counters->name, host_of(route), host_bytes) == 0 &&
           strcmp(counters->name + host_bytes, route->path) == 0;
}

static struct route_counters *make(struct route_counters_table *table, uint32_t bucket,
                                   const struct route_config *route)
{
    size_t host_bytes = strlen(host_of(route));
    size_t path_bytes = strlen(route->path) + 1;
    struct route_counters *counters = calloc(1, sizeof *counters + host_bytes + path_bytes);

    if (counters == NULL) {
        return NULL;
    }
    memcpy(counters->name, host_of(route), host_bytes);
    memcpy(counters->name + host_bytes, route->path, path_bytes);
    counters->handler = route->handler->name;
    counters->index = table->count++;
    counters->next_in_bucket = table->buckets[bucket];
    table->buckets[bucket] = counters;
    if (table->last != NULL) {
        table->last->next = counters;
    } else {
        table->first = counters;
    }
    table->last = counters;
    return counters;
}

struct route_counters *route_counters_of(struct route_counters_table *table,
                                         const struct route_config *route)
{
    uint32_t hash = hash_text(hash_text(2166136261U, host_of(route)), route->path);
    uint32_t bucket = hash % ROUTE_COUNTERS_BUCKETS;
    struct route_counters *counters = table->buckets[bucket];

    while (counters != NULL && !is_of(counters, route)) {
        counters = counters->next_in_bucket;
    }
    return counters != NULL ? counters : make(table, bucket, route);
}

void route_counters_free(struct route_counters_table *table)
{
    while (table->first != NULL) {
        struct route_counters *counters = table->first;

        table->first = counters->next;
        free(counters);
    }
    *table = (struct route_counters_table){0};
}

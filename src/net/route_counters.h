/*
 * What the connections of each route have sent and received: messages summed up when connections
 * end, frames beside them at once. One loop's, and its thread's. Routes are known by what the
 * configuration calls them, so that a route goes on counting where it was when the file has been
 * read again.
 */
#ifndef WSRELAYD_NET_ROUTE_COUNTERS_H
#define WSRELAYD_NET_ROUTE_COUNTERS_H

#include <stddef.h>
#include <stdint.h>

struct route_config;

enum { ROUTE_COUNTERS_BUCKETS = 256 };

struct traffic {
    uint64_t messages_in;
    uint64_t messages_out;
    uint64_t bytes_in; /* payload */
    uint64_t bytes_out;
};

/* Frames but for one a message: control frames, and all of a message's but the last. So whole
 * messages, of which nearly all traffic consists, cost nothing more, and connections no memory. */
struct further_frames {
    uint64_t in;
    uint64_t out;
};

struct route_counters {
    struct route_counters *next_in_bucket;
    struct route_counters *next; /* in the order of being made, which `index` counts */
    size_t index;
    struct traffic ended;          /* by connections that have ended */
    struct further_frames further; /* by all connections */
    const char *handler;           /* static */
    char name[]; /* the host, if the route has one, then the path, as configured */
};

/* Zero-filled is empty. */
struct route_counters_table {
    struct route_counters *buckets[ROUTE_COUNTERS_BUCKETS];
    struct route_counters *first;
    struct route_counters *last;
    size_t count;
};

/* Those of a route, made if there are none. NULL when memory is short. They stay until the table is
 * freed: a sum without those of routes that a reload has removed would fall. So the table has as
 * many as the configurations of this process have had routes with connections. */
struct route_counters *route_counters_of(struct route_counters_table *table,
                                         const struct route_config *route);

void route_counters_free(struct route_counters_table *table);

static inline void traffic_add(struct traffic *sum, const struct traffic *traffic)
{
    sum->messages_in += traffic->messages_in;
    sum->messages_out += traffic->messages_out;
    sum->bytes_in += traffic->bytes_in;
    sum->bytes_out += traffic->bytes_out;
}

static inline void further_frames_add(struct further_frames *sum,
                                      const struct further_frames *frames)
{
    sum->in += frames->in;
    sum->out += frames->out;
}

#endif

/*
 * Socket addresses: where connections go, and from where.
 */
#ifndef WSRELAYD_BENCH_DESTINATION_H
#define WSRELAYD_BENCH_DESTINATION_H

#include "bench/url.h"

#include <stddef.h>
#include <sys/socket.h>

enum { SOURCES_MAX = 64 };

struct destination {
    struct sockaddr_storage address;
    socklen_t length;
};

/* Addresses of this machine that connections use in turn. */
struct sources {
    struct destination addresses[SOURCES_MAX];
    size_t count; /* 0: the kernel chooses */
};

/*
 * Finds the address of a URL; of several, the first that takes a connection. Returns NULL, or what
 * is wrong, in static memory.
 */
const char *destination_resolve(const struct url *url, struct destination *destination);

/* Reads ADDRESS[,ADDRESS...]. Returns false when one is no IP address, or there are too many. */
bool sources_parse(const char *text, struct sources *sources);

/*
 * Begins to connect from `source` (NULL: from any address) without waiting, but for a unix socket
 * whose queue is full, for up to `timeout_s`. Returns the descriptor, or -1 with errno set.
 */
int destination_connect(const struct destination *destination, const struct destination *source,
                        double timeout_s);

#endif

/*
 * Looking names up without waiting beyond a moment, which the resolver by itself does not offer.
 */
#ifndef WSRELAYD_CTL_LOOKUP_H
#define WSRELAYD_CTL_LOOKUP_H

#include <netdb.h>
#include <stdbool.h>
#include <stdint.h>

/*
 * The addresses of a host (NULL: this machine) with a port in digits, to be freed with
 * freeaddrinfo. `deadline_ms` is as in dial.h. Returns false with *problem set to a phrase and
 * errno: ETIMEDOUT when it took too long, 0 when there is no such address.
 */
bool lookup(const char *host, const char *port, int64_t deadline_ms, struct addrinfo **found,
            const char **problem);

#endif

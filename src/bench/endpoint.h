/*
 * A URL made ready to connect to.
 */
#ifndef WSRELAYD_BENCH_ENDPOINT_H
#define WSRELAYD_BENCH_ENDPOINT_H

#include "bench/destination.h"
#include "bench/handshake.h"
#include "bench/settings.h"
#include "bench/stream.h"

struct endpoint {
    struct url url;
    bool raw; /* tcp://: no handshake, no frames to read but those of an echo of bytes */
    struct destination destination;
    struct ssl_ctx_st *tls; /* NULL when plain */
    struct handshake handshake;
    char server_name[256]; /* that its certificate is to have */
};

/* Ends the program with a message when the name has no address or the authorities cannot be read.
 */
void endpoint_init(struct endpoint *endpoint, const struct settings *settings,
                   const struct url *url);
void endpoint_destroy(struct endpoint *endpoint);

#endif

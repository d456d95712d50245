/*
 * What the command line asks for.
 */
#ifndef WSRELAYD_BENCH_SETTINGS_H
#define WSRELAYD_BENCH_SETTINGS_H

#include "bench/destination.h"
#include "bench/sizes.h"
#include "bench/url.h"

#include <stdbool.h>
#include <stdint.h>
#include <sys/types.h>

enum { TEXTS_MAX = 64 };

struct texts {
    const char *items[TEXTS_MAX];
    size_t count;
};

struct mode;

struct settings {
    const struct mode *mode;
    struct url url;
    bool has_publish_url;
    struct url publish_url; /* where publishers connect; else to `url` */
    uint64_t connections;
    uint64_t publishers;
    struct sizes sizes;
    uint64_t in_flight;
    double duration_s;
    double rate;    /* operations a second; 0: as fast as the server answers */
    uint64_t count; /* operations; 0: for the duration instead */
    bool text;
    bool deflate;
    bool hold;
    bool no_echo;
    struct texts headers;
    struct texts subprotocols;
    struct sources sources;
    bool insecure;
    const char *ca;          /* NULL: the system's */
    const char *server_name; /* NULL: the host of the URL */
    uint64_t threads;
    uint64_t pid; /* of the server; 0: not told */
    bool no_verify;
    double timeout_s;
    bool json;
    bool quiet;
};

#endif

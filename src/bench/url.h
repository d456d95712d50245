/*
 * The URLs that can be measured.
 */
#ifndef WSRELAYD_BENCH_URL_H
#define WSRELAYD_BENCH_URL_H

#include "base/slice.h"

enum url_scheme {
    URL_WS,
    URL_WSS,
    URL_UNIX, /* ws+unix:/SOCKET[:/RESOURCE] */
    URL_TCP,  /* no WebSocket: the bytes of the frames as they are */
};

struct url {
    const char *text;
    enum url_scheme scheme;
    struct slice authority; /* as it stands, for the Host field; "localhost" of a unix socket */
    struct slice host;      /* without the brackets of an IPv6 address; or the socket's path */
    int port;
    struct slice resource; /* path and query; it may lack the "/" in front of a query */
};

/* `text` has to outlive the result. Returns NULL, or a sentence that says what is wrong. */
const char *url_parse(const char *text, struct url *url);

#endif

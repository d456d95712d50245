/*
 * host[:port], as in the Host field, absolute targets and origins.
 */
#ifndef WSRELAYD_PROTOCOL_AUTHORITY_H
#define WSRELAYD_PROTOCOL_AUTHORITY_H

#include "base/slice.h"

enum { AUTHORITY_NO_PORT = -1, AUTHORITY_HOST_MAX_BYTES = 255 };

struct authority {
    struct slice host; /* as it stands, an IPv6 address with its brackets */
    int port;          /* AUTHORITY_NO_PORT when absent or empty (RFC 3986 section 3.2.3) */
};

/*
 * Parses a host name of letters, digits and `-._~`, an IPv4 address or an IPv6 address in
 * brackets, and a port of at most 65535. The grammar of RFC 3986 has more (userinfo, escapes,
 * `!$&'()*+,;=`), which no host that a client can reach is written with: that is refused.
 */
bool authority_parse(struct slice text, struct authority *authority);

/*
 * Writes a host of at most AUTHORITY_HOST_MAX_BYTES in the one way in which hosts are compared: in
 * lower case, an IPv6 address in its shortest form. `target` has room for so many. Returns what was
 * written.
 */
struct slice authority_write_host(char *target, struct slice host);

/* Whether a host is an IPv4 address or an IPv6 address in brackets: there is no name below one. */
bool authority_is_address(struct slice host);

#endif

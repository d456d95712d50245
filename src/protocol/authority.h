/*
 * host[:port], as in the Host field, absolute targets and origins.
 */
#ifndef WSRELAYD_PROTOCOL_AUTHORITY_H
#define WSRELAYD_PROTOCOL_AUTHORITY_H

#include "base/slice.h"

enum { AUTHORITY_NO_PORT = -1 };

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

#endif

/*
 * The grammar of the lists in a handshake: RFC 6455 sections 4.3 and 9.1.
 */
#ifndef WSRELAYD_PROTOCOL_UPGRADE_FIELDS_H
#define WSRELAYD_PROTOCOL_UPGRADE_FIELDS_H

#include "protocol/http.h"

#include <stdbool.h>

enum { UPGRADE_SUBPROTOCOLS_MAX = 64 };

/* Whether Sec-WebSocket-Protocol is absent, or a list of at most UPGRADE_SUBPROTOCOLS_MAX tokens,
 * none twice. */
bool upgrade_subprotocols_valid(const struct http_head *head);

/* Whether Sec-WebSocket-Extensions is absent or well formed. In time linear in its length. */
bool upgrade_extensions_valid(const struct http_head *head);

#endif

/*
 * RFC 6455 section 4.2: which requests open a WebSocket, and the answers. Pure.
 */
#ifndef WSRELAYD_PROTOCOL_UPGRADE_H
#define WSRELAYD_PROTOCOL_UPGRADE_H

#include "base/slice.h"
#include "protocol/authority.h"
#include "protocol/http.h"
#include "protocol/target.h"

enum {
    UPGRADE_ACCEPT_BYTES = 28,                         /* base64 of a SHA-1 */
    UPGRADE_KEY_BYTES = 24,                            /* base64 of 16 bytes */
    UPGRADE_HOST_MAX_BYTES = AUTHORITY_HOST_MAX_BYTES, /* a longer Host is a 400 */
    UPGRADE_REASON_MAX_BYTES = 512,                    /* of a refusal; what is beyond is cut off */
    UPGRADE_SUBPROTOCOL_MAX_BYTES = 255,
    UPGRADE_RESPONSE_MAX_BYTES = 1024,
};

/* What the rest of the server wants to know of an accepted request. */
struct upgrade_request {
    struct target target;
    struct slice host;   /* without port, as authority_write_host does; in the caller's buffer */
    struct slice origin; /* data is NULL when there is none */
    struct slice key;
};

/*
 * Checks a parsed head against section 4.2.1, the smuggling rules (no body, no Transfer-Encoding)
 * and the grammar of every Sec-WebSocket field. `path_buffer` has room for head->target.length
 * bytes, `host_buffer` for UPGRADE_HOST_MAX_BYTES. On false, `refusal` holds the answer.
 */
bool upgrade_check(const struct http_head *head, char *path_buffer, char *host_buffer,
                   struct upgrade_request *request, struct http_refusal *refusal);

/* Whether the request asks for a WebSocket, in order or not. */
bool upgrade_is_wanted(const struct http_head *head);

/* Checks only what any request needs, its Host and its target, and fills in these two, with buffers
 * as above. */
bool upgrade_check_plain(const struct http_head *head, char *path_buffer, char *host_buffer,
                         struct upgrade_request *request);

/*
 * The first of `supported` (in the server's order of preference) that the client offered, or NULL.
 */
const char *upgrade_choose_subprotocol(const struct http_head *head, const char *const *supported,
                                       size_t count);

/* Sec-WebSocket-Accept for a key that upgrade_check has let through. False when memory is short or
 * OpenSSL has no SHA-1. */
bool upgrade_accept(struct slice key, char accept[UPGRADE_ACCEPT_BYTES]);

/*
 * Writes the 101 response to `target` (UPGRADE_RESPONSE_MAX_BYTES of room). `subprotocol` may be
 * NULL, and has at most UPGRADE_SUBPROTOCOL_MAX_BYTES. Returns its size, or 0 as upgrade_accept
 * does false.
 */
size_t upgrade_write_accepted(char *target, struct slice key, const char *subprotocol);

/*
 * Writes a complete HTTP response that refuses: status line (500 for a status that is not from 300
 * to 599), Content-Length, Connection: close, what the status asks for (426: Upgrade and
 * Sec-WebSocket-Version; 405: Allow; 503: Retry-After) and the reason as one line of plain text.
 * The answer to HEAD ends before that line. Returns its size.
 */
size_t upgrade_write_refused(char *target, const struct http_refusal *refusal);

#endif

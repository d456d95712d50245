/*
 * The request target: RFC 9112 section 3.2, and the one normalisation under which paths are
 * compared: percent-encoded unreserved characters decoded, the hex digits of other escapes in
 * upper case; `.` and `..` segments, %2F, %00, empty segments but one at the end, and bytes
 * outside the URI grammar refused.
 */
#ifndef WSRELAYD_PROTOCOL_TARGET_H
#define WSRELAYD_PROTOCOL_TARGET_H

#include "base/slice.h"
#include "protocol/http.h"

struct target {
    struct slice path;      /* normalised, in the caller's buffer */
    struct slice query;     /* as sent, without the "?"; empty when there is none */
    struct slice authority; /* of an absolute-form target, else empty */
};

/*
 * Parses origin-form or an absolute http(s) URI. `buffer` has room for raw.length bytes and
 * receives the path.
 */
bool target_parse(struct slice raw, char *buffer, struct target *target,
                  struct http_refusal *refusal);

/* Normalises a path alone, as written in a configuration. Returns 0 bytes in *path on refusal. */
bool target_normalise_path(struct slice raw, char *buffer, struct slice *path,
                           struct http_refusal *refusal);

#endif

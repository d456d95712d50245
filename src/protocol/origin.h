/*
 * RFC 6454 origins as they stand in the Origin field, and lists of those that are let in.
 */
#ifndef WSRELAYD_PROTOCOL_ORIGIN_H
#define WSRELAYD_PROTOCOL_ORIGIN_H

#include "base/slice.h"

#include <stdbool.h>

/*
 * Whether `origin` (as received) is the one that `pattern` names: "null", or scheme://host[:port],
 * where the host may begin with "*." for any name below it. Scheme, host and port are compared
 * exactly after lower-casing; a default port equals an absent one.
 */
bool origin_matches(struct slice pattern, struct slice origin);

/* Whether a configured pattern is well formed. */
bool origin_pattern_valid(struct slice pattern);

#endif

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

/* Whether a configured pattern is well formed and there are origins that it matches. */
bool origin_pattern_valid(struct slice pattern);

/* How much longer than a pattern what is written of it can be. */
enum { ORIGIN_PATTERN_GROWTH_BYTES = 32 };

/*
 * Writes a valid pattern in the one form that all patterns for the same origins have, and returns
 * its size: lower case, without a default port, an IPv6 address in its shortest form.
 */
size_t origin_pattern_write(char *target, struct slice pattern);

#endif

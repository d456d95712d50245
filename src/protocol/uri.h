/*
 * The characters of RFC 3986.
 */
#ifndef WSRELAYD_PROTOCOL_URI_H
#define WSRELAYD_PROTOCOL_URI_H

#include <stdbool.h>
#include <string.h>

/* Section 2.3: means the same escaped or not. */
static inline bool uri_is_unreserved(char byte)
{
    return (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= '0' && byte <= '9') || (byte != '\0' && strchr("-._~", byte) != NULL);
}

/* Section 3.3: what a path segment may hold, escapes aside. */
static inline bool uri_is_segment_character(char byte)
{
    return uri_is_unreserved(byte) || (byte != '\0' && strchr("!$&'()*+,;=:@", byte) != NULL);
}

#endif

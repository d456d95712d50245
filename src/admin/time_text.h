/*
 * Moments as JSON shows them.
 */
#ifndef WSRELAYD_ADMIN_TIME_TEXT_H
#define WSRELAYD_ADMIN_TIME_TEXT_H

#include <stdint.h>

enum { TIME_TEXT_BYTES = 32 };

/* RFC 3339, in UTC, with milliseconds. */
void time_text(int64_t unix_ms, char text[TIME_TEXT_BYTES]);

#endif

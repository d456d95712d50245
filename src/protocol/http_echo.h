/*
 * A request as text: what it was, with everything that is not printable ASCII escaped. Pure.
 */
#ifndef WSRELAYD_PROTOCOL_HTTP_ECHO_H
#define WSRELAYD_PROTOCOL_HTTP_ECHO_H

#include "base/slice.h"

/* A byte becomes at most so many. */
enum { HTTP_ECHO_GROWTH = 4 };

/*
 * Writes a head that has been parsed, its lines ended by LF alone, and the content behind it, of
 * which LF and tab stay what they are. A backslash becomes two, any other byte \xNN. `target` has
 * HTTP_ECHO_GROWTH times the room of both. Returns the size.
 */
size_t http_echo_write(char *target, struct slice head, struct slice content);

#endif

/*
 * SHA-1 (RFC 3174). The handshake asks for it; it protects nothing.
 */
#ifndef WSRELAYD_PROTOCOL_SHA1_H
#define WSRELAYD_PROTOCOL_SHA1_H

#include "base/slice.h"

#include <stdint.h>

enum { SHA1_BYTES = 20 };

/* The digest of a message. */
void sha1(struct slice message, uint8_t digest[SHA1_BYTES]);

#endif

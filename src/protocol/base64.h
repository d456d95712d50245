/*
 * Base64 (RFC 4648 section 4), with padding.
 */
#ifndef WSRELAYD_PROTOCOL_BASE64_H
#define WSRELAYD_PROTOCOL_BASE64_H

#include "base/slice.h"

#include <stdint.h>

/* Characters that so many bytes become. */
#define BASE64_LENGTH(bytes) (((bytes) + 2) / 3 * 4)

/* Writes BASE64_LENGTH(length) characters to `target`. */
void base64_encode(char *target, const uint8_t *bytes, size_t length);

/*
 * Whether the text is what base64_encode makes of some `length` bytes: the standard alphabet, the
 * padding there, and the bits that stand for nothing zero (RFC 4648 section 3.5).
 */
bool base64_is_canonical(struct slice text, size_t length);

/*
 * Writes what such a text stands for, at most 3 bytes for 4 characters, to `target`, and how many
 * they are to *length. False, with anything written, when it is not canonical.
 */
bool base64_decode(uint8_t *target, struct slice text, size_t *length);

#endif

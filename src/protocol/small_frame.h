/*
 * The frame that nearly all traffic consists of: a whole message in one masked frame of up to 125
 * bytes, all of which has arrived. What frame.h does for every frame is done here for this one
 * without state, inline. Whatever does not fit is left to frame.h, with the same result.
 */
#ifndef WSRELAYD_PROTOCOL_SMALL_FRAME_H
#define WSRELAYD_PROTOCOL_SMALL_FRAME_H

#include "protocol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum { SMALL_FRAME_HEADER_BYTES = 6 };

/* Whether such a frame is at the front of the input; *length is then its payload's. */
static inline bool small_frame_at(const uint8_t *input, const uint8_t *end, size_t *length)
{
    size_t available = (size_t)(end - input);

    if (available < SMALL_FRAME_HEADER_BYTES) {
        return false;
    }
    *length = input[1] & 0x7F;
    return (input[0] == (FRAME_FIN | OPCODE_TEXT) || input[0] == (FRAME_FIN | OPCODE_BINARY)) &&
           (input[1] & FRAME_MASKED) != 0 && *length <= FRAME_CONTROL_MAX_BYTES &&
           available - SMALL_FRAME_HEADER_BYTES >= *length;
}

/*
 * Unmasks the payload of the frame at `input` to `target`, which does not overlap it. Returns the
 * union of all its bits, so that one look at the top bits tells whether it is ASCII.
 */
static inline uint64_t small_frame_unmask(uint8_t *target, const uint8_t *input, size_t length)
{
    const uint8_t *source = input + SMALL_FRAME_HEADER_BYTES;
    uint32_t key;
    uint64_t seen = 0;
    size_t at = 0;

    memcpy(&key, input + 2, sizeof key);
    for (; length - at >= 8; at += 8) {
        uint64_t word;

        memcpy(&word, source + at, sizeof word);
        word ^= (uint64_t)key << 32 | key;
        memcpy(target + at, &word, sizeof word);
        seen |= word;
    }
    if (length - at >= 4) {
        uint32_t word;

        memcpy(&word, source + at, sizeof word);
        word ^= key;
        memcpy(target + at, &word, sizeof word);
        seen |= word;
        at += 4;
    }
    for (; at < length; at++) {
        target[at] = source[at] ^ input[2 + at % 4];
        seen |= target[at];
    }
    return seen;
}

/* The same with the check of section 8.1 for text; false when it is not UTF-8. */
static inline bool small_frame_payload(uint8_t *target, const uint8_t *input, size_t length)
{
    uint64_t seen = small_frame_unmask(target, input, length);

    return input[0] == (FRAME_FIN | OPCODE_BINARY) || (seen & UINT64_C(0x8080808080808080)) == 0 ||
           utf8_valid(target, length);
}

#endif

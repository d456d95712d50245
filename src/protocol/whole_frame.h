/*
 * The frame that nearly all traffic consists of: a whole message of up to FRAME_MEDIUM_MAX_BYTES in
 * one masked frame, all of which has arrived. What frame.h does for every frame is done here for
 * this one without state, inline. Whatever does not fit is left to frame.h, with the same result.
 */
#ifndef WSRELAYD_PROTOCOL_WHOLE_FRAME_H
#define WSRELAYD_PROTOCOL_WHOLE_FRAME_H

#include "protocol/frame.h"
#include "protocol/payload.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/*
 * How many bytes behind a payload may be read, and behind its target be overwritten. So a short
 * payload is moved in whole blocks, without a branch on its length.
 */
enum { WHOLE_FRAME_SLACK_BYTES = 16 };

struct whole_frame {
    uint8_t opcode; /* OPCODE_TEXT or OPCODE_BINARY */
    const uint8_t *payload;
    size_t length;
};

/* Whether such a frame is at the front of the input, behind which WHOLE_FRAME_SLACK_BYTES may be
 * read: a header is looked at before it is known to have arrived. */
static inline bool whole_frame_at(const uint8_t *input, const uint8_t *end,
                                  struct whole_frame *frame)
{
    size_t available = (size_t)(end - input);
    size_t header_bytes = 6;

    frame->opcode = input[0] & (uint8_t)~FRAME_FIN;
    frame->length = input[1] & (uint8_t)~FRAME_MASKED;
    if ((input[0] != (FRAME_FIN | OPCODE_BINARY) && input[0] != (FRAME_FIN | OPCODE_TEXT)) ||
        (input[1] & FRAME_MASKED) == 0) {
        return false;
    }
    if (frame->length > FRAME_SHORT_MAX_BYTES) {
        header_bytes = 8;
        frame->length = (size_t)input[2] << 8 | input[3];
        if (input[1] != (FRAME_MASKED | FRAME_LENGTH_IN_2_BYTES) ||
            frame->length <= FRAME_SHORT_MAX_BYTES) {
            return false;
        }
    }
    frame->payload = input + header_bytes;
    return available >= header_bytes + frame->length; /* at most 8 + FRAME_MEDIUM_MAX_BYTES */
}

/* Sixteen bytes as one value, on CPUs with such registers in one of them. */
typedef uint8_t frame_block __attribute__((vector_size(16)));

/*
 * Unmasks a payload of up to FRAME_SHORT_MAX_BYTES bytes in blocks, up to WHOLE_FRAME_SLACK_BYTES
 * more than there are.
 */
static inline void whole_frame_unmask_short(const struct whole_frame *frame, uint8_t *target)
{
    frame_block keys;

    for (size_t i = 0; i < sizeof keys; i += 4) {
        memcpy((uint8_t *)&keys + i, frame->payload - 4, 4);
    }
    for (size_t at = 0; at < frame->length; at += sizeof keys) {
        frame_block block;

        memcpy(&block, frame->payload + at, sizeof block);
        block ^= keys;
        memcpy(target + at, &block, sizeof block);
    }
}

/*
 * Unmasks the payload to `target`, which lies at least WHOLE_FRAME_SLACK_BYTES below it or does not
 * overlap it; both have as much behind them. Text is checked as section 8.1 wants it; returns false
 * when it is not UTF-8.
 *
 * Short text takes the call, too: to see here whether it is ASCII saves at most 3 ns of 7 where it
 * is (AVX-512, 20 bytes), and costs 8 ns more where it is not.
 */
static inline bool whole_frame_payload(const struct whole_frame *frame, uint8_t *target)
{
    const uint8_t *key = frame->payload - 4;
    struct utf8_state state = {0};

    if (frame->opcode == OPCODE_TEXT) {
        return payload_kernel->unmask_text(&state, target, frame->payload, frame->length, key) &&
               utf8_complete(&state);
    }
    if (frame->length <= FRAME_SHORT_MAX_BYTES) {
        whole_frame_unmask_short(frame, target);
    } else {
        payload_kernel->unmask(target, frame->payload, frame->length, key);
    }
    return true;
}

#endif

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

/* Whether such a frame is at the front of the input. */
static inline bool whole_frame_at(const uint8_t *input, const uint8_t *end,
                                  struct whole_frame *frame)
{
    size_t available = (size_t)(end - input);
    size_t header_bytes = 6;

    if (available < header_bytes) {
        return false;
    }
    frame->opcode = input[0] & (uint8_t)~FRAME_FIN;
    frame->length = input[1] & (uint8_t)~FRAME_MASKED;
    if ((input[0] != (FRAME_FIN | OPCODE_BINARY) && input[0] != (FRAME_FIN | OPCODE_TEXT)) ||
        (input[1] & FRAME_MASKED) == 0) {
        return false;
    }
    if (frame->length > FRAME_SHORT_MAX_BYTES) {
        header_bytes = 8;
        frame->length = (size_t)input[2] << 8 | input[3];
        if (input[1] != (FRAME_MASKED | FRAME_LENGTH_IN_2_BYTES) || available < header_bytes ||
            frame->length <= FRAME_SHORT_MAX_BYTES) {
            return false;
        }
    }
    frame->payload = input + header_bytes;
    return available - header_bytes >= frame->length;
}

/* Sixteen bytes as one value, on CPUs with such registers in one of them. */
typedef uint8_t frame_block __attribute__((vector_size(16)));
typedef uint32_t frame_block_of_4 __attribute__((vector_size(16)));
typedef uint64_t frame_block_of_2 __attribute__((vector_size(16)));

static inline frame_block frame_block_load(const uint8_t *bytes)
{
    frame_block block;

    memcpy(&block, bytes, sizeof block);
    return block;
}

/* The key as often as it fits. */
static inline frame_block frame_block_of_key(const uint8_t key[4])
{
    uint32_t word;

    memcpy(&word, key, sizeof word);
    return (frame_block)(frame_block_of_4){word, word, word, word};
}

static inline bool frame_block_is_ascii(frame_block block)
{
    frame_block_of_2 words = (frame_block_of_2)block;

    return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) == 0;
}

/*
 * Unmasks a payload of up to FRAME_SHORT_MAX_BYTES bytes in blocks, up to WHOLE_FRAME_SLACK_BYTES
 * more than there are. Returns whether all of it is ASCII.
 */
static inline bool whole_frame_unmask_short(const struct whole_frame *frame, uint8_t *target)
{
    static const uint8_t kept[32] = {[0 ... 15] = 0xFF};
    frame_block key = frame_block_of_key(frame->payload - 4);
    frame_block seen = {0};
    frame_block block;
    size_t at = 0;

    for (;;) {
        block = frame_block_load(frame->payload + at) ^ key;
        memcpy(target + at, &block, sizeof block);
        at += sizeof block;
        if (at >= frame->length) {
            break;
        }
        seen |= block;
    }
    /* Of the last block only what belongs to the payload. */
    return frame_block_is_ascii(seen | (block & frame_block_load(kept + (at - frame->length))));
}

/* Unmasks `source` and returns whether it is a whole text. */
static inline bool whole_frame_unmask_text(uint8_t *target, const uint8_t *source, size_t length,
                                           const uint8_t key[4])
{
    struct utf8_state state = {0};

    return payload_kernel->unmask_text(&state, target, source, length, key) &&
           utf8_complete(&state);
}

/*
 * Unmasks the payload to `target`, which lies at least WHOLE_FRAME_SLACK_BYTES below it or does not
 * overlap it; both have as much behind them. Text is checked as section 8.1 wants it; returns false
 * when it is not UTF-8.
 */
static inline bool whole_frame_payload(const struct whole_frame *frame, uint8_t *target)
{
    static const uint8_t no_key[4];

    if (frame->length <= FRAME_SHORT_MAX_BYTES) {
        return whole_frame_unmask_short(frame, target) || frame->opcode == OPCODE_BINARY ||
               whole_frame_unmask_text(target, target, frame->length, no_key);
    }
    if (frame->opcode == OPCODE_TEXT) {
        return whole_frame_unmask_text(target, frame->payload, frame->length, frame->payload - 4);
    }
    payload_kernel->unmask(target, frame->payload, frame->length, frame->payload - 4);
    return true;
}

#endif

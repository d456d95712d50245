/*
 * RFC 6455 section 5: frames. Pure: bytes in, verdicts out, no I/O, no memory of its own.
 *
 * The decoder sees headers as they arrive, however cut, and says whether RFC and limits allow
 * them before a byte of payload is looked at. The caller moves payloads with frame_payload, which
 * unmasks, checks UTF-8 and counts.
 */
#ifndef WSRELAYD_PROTOCOL_FRAME_H
#define WSRELAYD_PROTOCOL_FRAME_H

#include "protocol/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum opcode {
    OPCODE_CONTINUATION = 0x0,
    OPCODE_TEXT = 0x1,
    OPCODE_BINARY = 0x2,
    OPCODE_CLOSE = 0x8,
    OPCODE_PING = 0x9,
    OPCODE_PONG = 0xA,
};

/* RFC 6455 section 7.4.1 and the IANA registry. */
enum close_code {
    CLOSE_NORMAL = 1000,
    CLOSE_GOING_AWAY = 1001,
    CLOSE_PROTOCOL_ERROR = 1002,
    CLOSE_UNACCEPTABLE_TYPE = 1003,
    CLOSE_NO_STATUS = 1005, /* in logs only: a Close frame without a code */
    CLOSE_ABNORMAL = 1006,  /* in logs only: the connection ended without a Close frame */
    CLOSE_INVALID_DATA = 1007,
    CLOSE_POLICY = 1008,
    CLOSE_TOO_BIG = 1009,
    CLOSE_INTERNAL_ERROR = 1011,
    CLOSE_RESTART = 1012,
    CLOSE_TRY_LATER = 1013,
};

enum {
    FRAME_FIN = 0x80,              /* in the first byte */
    FRAME_MASKED = 0x80,           /* in the second byte */
    FRAME_LENGTH_IN_2_BYTES = 126, /* in the second byte: the length follows it */
    FRAME_LENGTH_IN_8_BYTES = 127,
    FRAME_SHORT_MAX_BYTES = 125,    /* the longest payload whose length the second byte holds */
    FRAME_MEDIUM_MAX_BYTES = 65535, /* the longest whose length two more bytes hold */
    FRAME_CONTROL_MAX_BYTES = 125,  /* RFC 6455 section 5.5 */
    FRAME_CLIENT_HEADER_MAX = 14,   /* 2 + 8 + 4 */
    FRAME_SERVER_HEADER_MAX = 10,   /* 2 + 8 */
    FRAME_CLOSE_REASON_MAX = 123,   /* 125 less the code */
};

/* What a route allows; the sum over a message's frames is compared with max_message_bytes. */
struct frame_limits {
    uint64_t max_message_bytes;
    uint32_t max_fragments;
};

/* The state between two reads. Zero-filled is the valid initial state. */
struct frame_decoder {
    uint64_t remaining;     /* payload bytes of the current frame still to come */
    uint64_t message_bytes; /* declared so far in the current message, the current frame included */
    uint32_t fragments;     /* frames so far in the current message */
    uint8_t mask[4];        /* turned so that the next payload byte meets mask[0] */
    struct utf8_state utf8; /* of the current text message */
    uint8_t message_opcode; /* OPCODE_TEXT or _BINARY while in a message, else 0 */
    uint8_t frame_opcode;   /* of the current frame */
    bool frame_fin;         /* of the current frame */
    bool in_frame;          /* a header was accepted and its frame has not been finished */
    uint8_t stash_length;   /* bytes of an incomplete header */
    uint8_t stash[FRAME_CLIENT_HEADER_MAX];
};

enum frame_verdict {
    FRAME_NEED_MORE, /* all input was taken, the header is still incomplete */
    FRAME_ACCEPTED,  /* a header was taken; frame_opcode, frame_fin, remaining describe the frame */
    FRAME_REFUSED,   /* fail the connection with the code and sentence given */
};

struct frame_failure {
    enum close_code code;
    const char *reason; /* a sentence of at most FRAME_CLOSE_REASON_MAX bytes, static */
};

/*
 * Takes the next frame header from *input, which is moved over what was taken. Call it when no
 * frame is unfinished. It decides, in this order: RSV bits, opcode, masking, then the rules of
 * control frames or of continuations, all of which the first two bytes can break and are reported
 * with them; length form (top bit, minimal) and the limits, as soon as the length is there.
 */
enum frame_verdict frame_decode_header(struct frame_decoder *decoder,
                                       const struct frame_limits *limits, const uint8_t **input,
                                       const uint8_t *end, struct frame_failure *failure);

/*
 * Unmasks the next `length` (<= remaining) payload bytes of the current frame from `source` to
 * `target`, which does not lie above `source` if the two overlap. Text is checked in the same pass,
 * the bytes of earlier calls and fragments included, and failed with the first piece in which a
 * byte cannot be right; at the end of the last fragment an unfinished character fails too. Returns
 * false when the text is not UTF-8; its target may then hold anything.
 */
bool frame_payload(struct frame_decoder *decoder, uint8_t *target, const uint8_t *source,
                   size_t length);

/*
 * To be called when `remaining` is 0 and the frame has been dealt with: makes the decoder ready
 * for the next header and, after the last frame of a message, for the next message.
 */
void frame_finish(struct frame_decoder *decoder);

/* Bytes of a server's header for such a payload: 2, 4 or 10. */
static inline size_t frame_header_size(uint64_t payload_bytes)
{
    return payload_bytes <= FRAME_SHORT_MAX_BYTES    ? 2
           : payload_bytes <= FRAME_MEDIUM_MAX_BYTES ? 4
                                                     : FRAME_SERVER_HEADER_MAX;
}

/* The rest of frame_write_header for a payload above FRAME_MEDIUM_MAX_BYTES. */
size_t frame_write_long_header(uint8_t *target, uint64_t payload_bytes);

/*
 * Writes an unmasked frame header with the shortest length form to `target`.
 * `first_byte` is the opcode, with FRAME_FIN if it is the last frame of its message.
 * Returns its size, frame_header_size(payload_bytes).
 */
static inline size_t frame_write_header(uint8_t *target, uint8_t first_byte, uint64_t payload_bytes)
{
    target[0] = first_byte;
    if (payload_bytes > FRAME_MEDIUM_MAX_BYTES) {
        return frame_write_long_header(target, payload_bytes);
    }
    if (payload_bytes <= FRAME_SHORT_MAX_BYTES) {
        target[1] = (uint8_t)payload_bytes;
        return 2;
    }
    target[1] = FRAME_LENGTH_IN_2_BYTES;
    target[2] = (uint8_t)(payload_bytes >> 8);
    target[3] = (uint8_t)payload_bytes;
    return 4;
}

/*
 * Given the wire bytes of whole server frames and an offset into them, returns where the frame
 * that holds the byte before `offset` ends: `offset` itself at a boundary, else the next boundary.
 */
size_t frame_boundary(const uint8_t *frames, size_t length, size_t offset);

#endif

/*
 * What a server sends, cut into pieces where it lies: frames as they are, payloads without a copy.
 * It is written apart from the server's codec, so that neither covers up a mistake of the other.
 */
#ifndef WSRELAYD_BENCH_FRAMES_H
#define WSRELAYD_BENCH_FRAMES_H

#include "protocol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* In the first byte: RFC 7692 section 6. */
enum { FRAME_RSV1 = 0x40 };

/* Where the last call stopped. Zero-filled: in front of the first frame. */
struct frames {
    uint64_t left;          /* payload bytes of the current frame still to come */
    bool in_frame;          /* the header is complete */
    uint8_t message_opcode; /* of the message that has begun, else 0 */
    bool compressed;        /* that message */
    uint8_t header_bytes;
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    uint8_t control_bytes;
    uint8_t control[FRAME_CONTROL_MAX_BYTES];
};

enum frames_event {
    FRAMES_MORE,   /* all was taken */
    FRAMES_DATA,   /* bytes of a message, at the end of one or of a frame maybe none */
    FRAMES_PING,   /* the whole body */
    FRAMES_PONG,   /* likewise */
    FRAMES_CLOSE,  /* likewise */
    FRAMES_BROKEN, /* `why` is a sentence; nothing more can be read */
};

struct frames_piece {
    const uint8_t *bytes;
    size_t length;
    uint8_t opcode;  /* of the message: OPCODE_TEXT or OPCODE_BINARY */
    bool compressed; /* the message, RFC 7692 */
    bool ends;       /* the message ends with these bytes */
    const char *why;
};

/*
 * Takes the next piece from *input, which is moved over it. `may_compress` says whether
 * permessage-deflate was agreed on.
 */
enum frames_event frames_next(struct frames *frames, bool may_compress, const uint8_t **input,
                              const uint8_t *end, struct frames_piece *piece);

/* Whether the next byte begins a message, or a control frame between two. */
static inline bool frames_between_messages(const struct frames *frames)
{
    return frames->header_bytes == 0 && frames->message_opcode == 0;
}

#endif

/*
 * RFC 6455 section 5 as a client reads it.
 */
#include "bench/frames.h"

#include <string.h>

enum {
    RSV_BITS = 0x70,
    OPCODE_BITS = 0x0f,
    CONTROL_BIT = 0x08,
    LENGTH_BITS = 0x7f,
};

/* Given the first two bytes. */
static size_t header_size(const uint8_t *header)
{
    switch (header[1] & LENGTH_BITS) {
    case FRAME_LENGTH_IN_8_BYTES:
        return 10;
    case FRAME_LENGTH_IN_2_BYTES:
        return 4;
    default:
        return 2;
    }
}

static uint64_t header_length(const uint8_t *header, size_t size)
{
    uint64_t length = size == 2 ? header[1] : 0;

    for (size_t i = 2; i < size; i++) {
        length = length << 8 | header[i];
    }
    return length;
}

/* What the first two bytes break, or NULL. */
static const char *judge_start(const struct frames *frames, bool may_compress)
{
    uint8_t first = frames->header[0];
    uint8_t opcode = first & OPCODE_BITS;
    bool starts = opcode == OPCODE_TEXT || opcode == OPCODE_BINARY;

    if ((first & RSV_BITS) != 0 && ((first & RSV_BITS) != FRAME_RSV1 || !may_compress || !starts)) {
        return "a frame with reserved bits that no extension has a use for";
    }
    if ((frames->header[1] & FRAME_MASKED) != 0) {
        return "a masked frame, which only clients send";
    }
    if ((opcode & CONTROL_BIT) != 0) {
        if (opcode > OPCODE_PONG) {
            return "a frame with a reserved opcode";
        }
        return (first & FRAME_FIN) == 0 || frames->header[1] > FRAME_CONTROL_MAX_BYTES
                   ? "a control frame that is fragmented or longer than 125 bytes"
                   : NULL;
    }
    if (opcode > OPCODE_BINARY) {
        return "a frame with a reserved opcode";
    }
    if (starts == (frames->message_opcode != 0)) {
        return starts ? "a new message before the last one has ended"
                      : "a continuation of no message";
    }
    return NULL;
}

static const char *judge_length(uint64_t length, size_t size)
{
    if ((size == 4 && length <= FRAME_SHORT_MAX_BYTES) ||
        (size == 10 && length <= FRAME_MEDIUM_MAX_BYTES)) {
        return "a frame whose length takes more bytes than it needs";
    }
    return length > INT64_MAX ? "a frame longer than frames can be" : NULL;
}

static bool is_control(const struct frames *frames)
{
    return (frames->header[0] & CONTROL_BIT) != 0;
}

/* The header is complete. */
static const char *begin_frame(struct frames *frames, size_t size)
{
    uint8_t opcode = frames->header[0] & OPCODE_BITS;

    frames->left = header_length(frames->header, size);
    frames->in_frame = true;
    frames->control_bytes = 0;
    if (opcode == OPCODE_TEXT || opcode == OPCODE_BINARY) {
        frames->message_opcode = opcode;
        frames->compressed = (frames->header[0] & FRAME_RSV1) != 0;
    }
    return judge_length(frames->left, size);
}

/* Collects a header. Returns what is wrong with it, or NULL. */
static const char *take_header(struct frames *frames, bool may_compress, const uint8_t **input,
                               const uint8_t *end)
{
    while (*input < end) {
        const char *why = NULL;
        size_t size;

        frames->header[frames->header_bytes++] = *(*input)++;
        if (frames->header_bytes < 2) {
            continue;
        }
        if (frames->header_bytes == 2) {
            why = judge_start(frames, may_compress);
        }
        size = header_size(frames->header);
        if (why == NULL && frames->header_bytes == size) {
            return begin_frame(frames, size);
        }
        if (why != NULL) {
            return why;
        }
    }
    return NULL;
}

static void end_frame(struct frames *frames)
{
    frames->in_frame = false;
    frames->header_bytes = 0;
}

static enum frames_event take_control(struct frames *frames, const uint8_t **input,
                                      const uint8_t *end, struct frames_piece *piece)
{
    size_t available = (size_t)(end - *input);
    size_t length = frames->left < available ? (size_t)frames->left : available;

    memcpy(frames->control + frames->control_bytes, *input, length);
    frames->control_bytes += (uint8_t)length;
    frames->left -= length;
    *input += length;
    if (frames->left > 0) {
        return FRAMES_MORE;
    }
    end_frame(frames);
    piece->bytes = frames->control;
    piece->length = frames->control_bytes;
    switch (frames->header[0] & OPCODE_BITS) {
    case OPCODE_PING:
        return FRAMES_PING;
    case OPCODE_PONG:
        return FRAMES_PONG;
    default:
        return FRAMES_CLOSE;
    }
}

static enum frames_event take_data(struct frames *frames, const uint8_t **input, const uint8_t *end,
                                   struct frames_piece *piece)
{
    size_t available = (size_t)(end - *input);

    piece->bytes = *input;
    piece->length = frames->left < available ? (size_t)frames->left : available;
    piece->opcode = frames->message_opcode;
    piece->compressed = frames->compressed;
    piece->ends = false;
    frames->left -= piece->length;
    *input += piece->length;
    if (frames->left == 0) {
        piece->ends = (frames->header[0] & FRAME_FIN) != 0;
        frames->message_opcode = piece->ends ? 0 : frames->message_opcode;
        end_frame(frames);
    }
    return FRAMES_DATA;
}

enum frames_event frames_next(struct frames *frames, bool may_compress, const uint8_t **input,
                              const uint8_t *end, struct frames_piece *piece)
{
    if (!frames->in_frame) {
        piece->why = take_header(frames, may_compress, input, end);
        if (piece->why != NULL) {
            return FRAMES_BROKEN;
        }
        if (!frames->in_frame) {
            return FRAMES_MORE;
        }
    }
    if (is_control(frames)) {
        return take_control(frames, input, end, piece);
    }
    return *input < end || frames->left == 0 ? take_data(frames, input, end, piece) : FRAMES_MORE;
}

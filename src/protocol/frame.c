/*
 * The frame codec: headers of a client's frames in, payloads unmasked, headers of our frames out.
 */
#include "protocol/frame.h"

#include "protocol/payload.h"

#include <string.h>

enum {
    RSV_BITS = 0x70,
    OPCODE_BITS = 0x0F,
    OPCODE_CONTROL_BIT = 0x08,
    LENGTH_BITS = 0x7F,
    MASK_BYTES = 4,
};

/* Opcodes that RFC 6455 section 5.2 defines, as a set of bits. */
static const uint16_t defined_opcodes = 1 << OPCODE_CONTINUATION | 1 << OPCODE_TEXT |
                                        1 << OPCODE_BINARY | 1 << OPCODE_CLOSE | 1 << OPCODE_PING |
                                        1 << OPCODE_PONG;

/* Bytes that the extended length takes behind the second byte of a header. */
static inline size_t extended_length_bytes(uint8_t second_byte)
{
    switch (second_byte & LENGTH_BITS) {
    case FRAME_LENGTH_IN_2_BYTES:
        return 2;
    case FRAME_LENGTH_IN_8_BYTES:
        return 8;
    default:
        return 0;
    }
}

/* The payload length of a header whose first bytes, the extended length included, are there. */
static inline uint64_t payload_length(const uint8_t *header)
{
    size_t extended = extended_length_bytes(header[1]);
    uint64_t length = 0;

    if (extended == 0) {
        return header[1] & LENGTH_BITS;
    }
    for (size_t i = 0; i < extended; i++) {
        length = length << 8 | header[2 + i];
    }
    return length;
}

/* The rule that the first two bytes break, as a sentence, or NULL. All of them are 1002. */
static inline const char *broken_by_first_bytes(const struct frame_decoder *decoder,
                                                const uint8_t *header)
{
    uint8_t opcode = header[0] & OPCODE_BITS;

    if ((header[0] & RSV_BITS) != 0) {
        return "a reserved bit is set, but no extension that defines it was negotiated";
    }
    if ((defined_opcodes >> opcode & 1) == 0) {
        return "the opcode is reserved";
    }
    if ((header[1] & FRAME_MASKED) == 0) {
        return "frames from a client must be masked";
    }
    if ((opcode & OPCODE_CONTROL_BIT) != 0) {
        if ((header[1] & LENGTH_BITS) > FRAME_CONTROL_MAX_BYTES) {
            return "a control frame may carry at most 125 bytes";
        }
        return (header[0] & FRAME_FIN) == 0 ? "a control frame must not be fragmented" : NULL;
    }
    if (opcode == OPCODE_CONTINUATION) {
        return decoder->message_opcode == 0 ? "a continuation without a message to continue" : NULL;
    }
    return decoder->message_opcode != 0 ? "a new message began before the last one had ended"
                                        : NULL;
}

/* RFC 6455 section 5.2: the top bit is 0 and the shortest form is used. A sentence, or NULL. */
static inline const char *broken_by_length_form(const uint8_t *header, uint64_t length)
{
    switch (header[1] & LENGTH_BITS) {
    case FRAME_LENGTH_IN_2_BYTES:
        return length <= 125 ? "a length of 125 or less must not be sent in 16 bits" : NULL;
    case FRAME_LENGTH_IN_8_BYTES:
        if (length >> 63 != 0) {
            return "the top bit of a 64-bit length must be 0";
        }
        return length <= 65535 ? "a length of 65535 or less must not be sent in 64 bits" : NULL;
    default:
        return NULL;
    }
}

static enum frame_verdict refuse(struct frame_failure *failure, enum close_code code,
                                 const char *reason)
{
    *failure = (struct frame_failure){code, reason};
    return FRAME_REFUSED;
}

/* Enters the frame into the books of its message; control frames have no part in a message. */
static inline void accept_frame(struct frame_decoder *decoder, const uint8_t *header,
                                uint64_t length)
{
    decoder->frame_opcode = header[0] & OPCODE_BITS;
    decoder->frame_fin = (header[0] & FRAME_FIN) != 0;
    decoder->remaining = length;
    decoder->in_frame = true;
    memcpy(decoder->mask, header + 2 + extended_length_bytes(header[1]), MASK_BYTES);
    if ((decoder->frame_opcode & OPCODE_CONTROL_BIT) != 0) {
        return;
    }
    if (decoder->frame_opcode != OPCODE_CONTINUATION) {
        decoder->message_opcode = decoder->frame_opcode;
    }
    decoder->message_bytes += length;
    decoder->fragments++;
}

/*
 * Judges the header of which `available` bytes are at `header`. Changes the decoder only on
 * FRAME_ACCEPTED, so an incomplete header can be judged again when more of it has come.
 *
 * message_bytes and fragments are 0 between messages and never above the limits, so neither
 * comparison can wrap.
 */
static inline enum frame_verdict judge_header(struct frame_decoder *decoder,
                                              const struct frame_limits *limits,
                                              const uint8_t *header, size_t available,
                                              struct frame_failure *failure)
{
    const char *broken;
    size_t extended;
    uint64_t length;

    if (available < 2) {
        return FRAME_NEED_MORE;
    }
    broken = broken_by_first_bytes(decoder, header);
    if (broken != NULL) {
        return refuse(failure, CLOSE_PROTOCOL_ERROR, broken);
    }
    extended = extended_length_bytes(header[1]);
    if (available < 2 + extended) {
        return FRAME_NEED_MORE;
    }
    length = payload_length(header);
    broken = broken_by_length_form(header, length);
    if (broken != NULL) {
        return refuse(failure, CLOSE_PROTOCOL_ERROR, broken);
    }
    if ((header[0] & OPCODE_CONTROL_BIT) == 0) {
        if (length > limits->max_message_bytes - decoder->message_bytes) {
            return refuse(failure, CLOSE_TOO_BIG, "the message is larger than this route allows");
        }
        if (decoder->fragments >= limits->max_fragments) {
            return refuse(failure, CLOSE_POLICY, "the message is in too many fragments");
        }
    }
    if (available < 2 + extended + MASK_BYTES) {
        return FRAME_NEED_MORE;
    }
    accept_frame(decoder, header, length);
    return FRAME_ACCEPTED;
}

/* Goes on with a header that began in an earlier read, a byte at a time: 14 at the most. */
static enum frame_verdict decode_stashed(struct frame_decoder *decoder,
                                         const struct frame_limits *limits, const uint8_t **input,
                                         const uint8_t *end, struct frame_failure *failure)
{
    enum frame_verdict verdict = FRAME_NEED_MORE;

    while (verdict == FRAME_NEED_MORE && *input != end) {
        decoder->stash[decoder->stash_length++] = *(*input)++;
        verdict = judge_header(decoder, limits, decoder->stash, decoder->stash_length, failure);
    }
    if (verdict == FRAME_ACCEPTED) {
        decoder->stash_length = 0;
    }
    return verdict;
}

enum frame_verdict frame_decode_header(struct frame_decoder *decoder,
                                       const struct frame_limits *limits, const uint8_t **input,
                                       const uint8_t *end, struct frame_failure *failure)
{
    const uint8_t *header = *input;
    size_t available = (size_t)(end - header);
    enum frame_verdict verdict;

    if (decoder->stash_length > 0 || available == 0) {
        return decode_stashed(decoder, limits, input, end, failure);
    }
    verdict = judge_header(decoder, limits, header, available, failure);
    if (verdict == FRAME_ACCEPTED) {
        *input = header + 2 + extended_length_bytes(header[1]) + MASK_BYTES;
    } else if (verdict == FRAME_NEED_MORE) {
        memcpy(decoder->stash, header, available);
        decoder->stash_length = (uint8_t)available;
        *input = end;
    }
    return verdict;
}

/* Turns the masking key so that its first byte is the one for the payload byte after `length`. */
static void turn_mask(struct frame_decoder *decoder, size_t length)
{
    uint8_t turned[MASK_BYTES];

    for (size_t i = 0; i < MASK_BYTES; i++) {
        turned[i] = decoder->mask[(length + i) % MASK_BYTES];
    }
    memcpy(decoder->mask, turned, MASK_BYTES);
}

bool frame_payload(struct frame_decoder *decoder, uint8_t *target, const uint8_t *source,
                   size_t length)
{
    bool is_text =
        decoder->message_opcode == OPCODE_TEXT && (decoder->frame_opcode & OPCODE_CONTROL_BIT) == 0;

    if (!is_text) {
        payload_kernel->unmask(target, source, length, decoder->mask);
    } else if (!payload_kernel->unmask_text(&decoder->utf8, target, source, length,
                                            decoder->mask)) {
        return false;
    }
    decoder->remaining -= length;
    if (decoder->remaining > 0) {
        turn_mask(decoder, length);
        return true;
    }
    return !is_text || !decoder->frame_fin || utf8_complete(&decoder->utf8);
}

void frame_finish(struct frame_decoder *decoder)
{
    decoder->in_frame = false;
    if (decoder->frame_fin && (decoder->frame_opcode & OPCODE_CONTROL_BIT) == 0) {
        decoder->message_opcode = 0;
        decoder->message_bytes = 0;
        decoder->fragments = 0;
        decoder->utf8 = (struct utf8_state){0};
    }
}

size_t frame_write_long_header(uint8_t *target, uint64_t payload_bytes)
{
    target[1] = FRAME_LENGTH_IN_8_BYTES;
    for (size_t i = FRAME_SERVER_HEADER_MAX - 1; i >= 2; i--) {
        target[i] = (uint8_t)payload_bytes;
        payload_bytes >>= 8;
    }
    return FRAME_SERVER_HEADER_MAX;
}

size_t frame_boundary(const uint8_t *frames, size_t length, size_t offset)
{
    size_t boundary = 0;

    while (boundary < offset && boundary < length) {
        boundary += 2 + extended_length_bytes(frames[boundary + 1]) +
                    (size_t)payload_length(frames + boundary);
    }
    return boundary;
}

/*
 * The buffer of a thread's callbacks: what a connection has received stands in its rear part, and
 * what it sends is gathered from the front on: whole frames, one after the other, which go out in
 * one system call when the callback ends.
 *
 * A payload that is being received is unmasked right behind what is gathered, where it would have
 * to stand to be sent back: sending it then only writes a header in front. A header from a client
 * is longer than ours, so what is sent back never catches up with what has not been looked at, and
 * one buffer is all that the first-level cache has to hold.
 */
#ifndef WSRELAYD_NET_OUTPUT_H
#define WSRELAYD_NET_OUTPUT_H

#include "protocol/whole_frame.h"

#include <assert.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

enum {
    INPUT_BYTES = 131072,     /* one read takes at most this much */
    OUTPUT_FRONT_BYTES = 256, /* before what has been received: room for a Close frame and more */
    /* What one callback can send without another system call: all that one read can bring. */
    OUTPUT_BYTES = OUTPUT_FRONT_BYTES + INPUT_BYTES,
};

struct output {
    uint8_t *bytes; /* OUTPUT_BYTES, and WHOLE_FRAME_SLACK_BYTES behind them */
    size_t start; /* what is before has gone out; it stays as it is until the callback ends, because
                     a handler may have been given it as its message */
    size_t used;
    size_t limit;   /* of `used`: where that begins which has been received and is still needed */
    bool has_input; /* something received stands in the buffer; else the limit is OUTPUT_BYTES */
    /* A payload that is being received, behind `used` with room for its header before it; or NULL.
     * `used` does not change while there is one: the frame that is added next is made of it. */
    uint8_t *scratch;
    size_t scratch_length;
};

/* The callback begins or has ended. */
static inline void output_clear(struct output *output)
{
    output->start = 0;
    output->used = 0;
    output->limit = OUTPUT_BYTES;
    output->has_input = false;
    output->scratch = NULL;
}

/* Where to put what is received, up to INPUT_BYTES, while nothing is gathered. */
static inline uint8_t *output_input(struct output *output)
{
    assert(output->used == 0);
    output->limit = OUTPUT_FRONT_BYTES;
    output->has_input = true;
    return output->bytes + OUTPUT_FRONT_BYTES;
}

/* What was received and lies before `rest` is about to be moved or is not needed any more. */
static inline void output_release_input(struct output *output, const uint8_t *rest)
{
    output->limit = output->has_input ? (size_t)(rest - output->bytes) : (size_t)OUTPUT_BYTES;
}

/* Whether a frame can be added; and whether a payload whose place has been released can be
 * unmasked: with the slack its target ends before it does. */
static inline bool output_has_room(const struct output *output, size_t payload_bytes)
{
    enum { BESIDES = FRAME_SERVER_HEADER_MAX + WHOLE_FRAME_SLACK_BYTES };
    size_t room = output->limit - output->used;

    return room >= BESIDES && payload_bytes <= room - BESIDES;
}

/* Both of these: what lies before `rest` is released, and is there room? */
static inline bool output_makes_room(struct output *output, const uint8_t *rest,
                                     size_t payload_bytes)
{
    output_release_input(output, rest);
    return output_has_room(output, payload_bytes);
}

/* Bytes that are gathered and have not gone out. */
static inline size_t output_length(const struct output *output)
{
    return output->used - output->start;
}

/* Sets apart the place for a payload; there must be room. */
static inline uint8_t *output_scratch(struct output *output, size_t length)
{
    output->scratch = output->bytes + output->used + frame_header_size(length);
    output->scratch_length = length;
    return output->scratch;
}

/* Whether there is a scratch and these bytes are it, whole: then there is room for its frame. */
static inline bool output_scratch_is(const struct output *output, const uint8_t *bytes,
                                     size_t length)
{
    return output->scratch != NULL && bytes == output->scratch && length == output->scratch_length;
}

/* Makes the scratch, which there must be, a frame. */
static inline void output_add_scratch(struct output *output, uint8_t first_byte, size_t length)
{
    uint8_t *target = output->scratch - frame_header_size(length);

    output->used += frame_write_header(target, first_byte, length) + length;
    output->scratch = NULL;
}

/* Adds a frame whose payload is the scratch itself, or any other bytes while there is none. */
static inline void output_add(struct output *output, uint8_t first_byte, const uint8_t *payload,
                              size_t length)
{
    uint8_t *target = output->bytes + output->used;
    size_t header_bytes = frame_write_header(target, first_byte, length);

    if (payload != output->scratch && length > 0) {
        memcpy(target + header_bytes, payload, length);
    }
    output->scratch = NULL;
    output->used += header_bytes + length;
}

#endif

/*
 * Where the connection at hand gathers what it sends: whole frames, one after the other, which go
 * out in one system call when its callback ends. A payload that is being received is unmasked
 * right behind them, where it would have to stand to be sent back: sending it then only writes a
 * header in front.
 */
#ifndef WSRELAYD_NET_OUTPUT_H
#define WSRELAYD_NET_OUTPUT_H

#include "protocol/whole_frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <string.h>

/* What one callback can send without another system call: more than one read can bring. */
enum { OUTPUT_BYTES = 262144 };

struct output {
    uint8_t *bytes; /* OUTPUT_BYTES, and WHOLE_FRAME_SLACK_BYTES behind them */
    size_t start; /* what is before has gone out; it stays as it is until the callback ends, because
                     a handler may have been given it as its message */
    size_t used;
    /* A payload that is being received, behind `used` with room for its header before it; or NULL.
     * `used` does not change while there is one: the frame that is added next is made of it. */
    uint8_t *scratch;
    size_t scratch_length;
};

static inline bool output_has_room(const struct output *output, size_t payload_bytes)
{
    size_t room = OUTPUT_BYTES - output->used;

    return room >= FRAME_SERVER_HEADER_MAX && payload_bytes <= room - FRAME_SERVER_HEADER_MAX;
}

/* Bytes that are gathered and have not gone out. */
static inline size_t output_length(const struct output *output)
{
    return output->used - output->start;
}

/* The callback has ended. */
static inline void output_clear(struct output *output)
{
    output->start = 0;
    output->used = 0;
    output->scratch = NULL;
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
    uint8_t *target = output->bytes + output->used;

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

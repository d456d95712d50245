/*
 * The messages that connections send, built once: a ring of them as they go on the wire, and as
 * an echo of them looks. All connections share it; each knows how far round it is.
 */
#ifndef WSRELAYD_BENCH_BATCH_H
#define WSRELAYD_BENCH_BATCH_H

#include "bench/sizes.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Bytes of all messages, one behind the other. */
struct strip {
    uint8_t *bytes;
    size_t *at; /* where each begins; at[count] is the end */
};

struct batch {
    size_t count;
    uint8_t opcode;
    struct strip payloads; /* in the clear */
    struct strip wire;     /* masked frames */
    struct strip deflated; /* masked frames of compressed payloads; empty unless planned */
    struct strip reply;    /* unmasked frames with the shortest length; as the wire for tcp:// */
    double mean_bytes;     /* of a payload */
    size_t longest_bytes;  /* of a payload */
};

struct batch_plan {
    struct sizes sizes;
    size_t together; /* messages that are sent at once: a multiple of them goes round */
    size_t rounds;   /* so many times that at least, so that not all messages are the same */
    size_t reserved; /* bytes at the front of each payload that are filled in later */
    bool text;
    bool deflates; /* there are to be compressed frames, too */
    bool raw;      /* the server returns bytes: the reply is the wire */
};

/* Ends the program when memory is short. */
struct batch *batch_create(const struct batch_plan *plan);
void batch_free(struct batch *batch);

static inline size_t strip_length(const struct strip *strip, size_t index)
{
    return strip->at[index + 1] - strip->at[index];
}

#endif

/*
 * What is known of a message that has not arrived whole. A connection owns one only between the
 * first and the last byte of something incomplete; otherwise its callbacks use the loop's.
 */
#ifndef WSRELAYD_NET_INBOUND_H
#define WSRELAYD_NET_INBOUND_H

#include "net/message.h"
#include "protocol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct inbound {
    struct frame_decoder decoder;
    struct message *assembly; /* payload of the current message, unmasked; or NULL */
    size_t collected;         /* bytes in it */
    bool chunked;             /* the handler has been given a chunk of the current message */
    uint8_t control_length;
    uint8_t control[FRAME_CONTROL_MAX_BYTES]; /* payload of the current control frame */
    bool close_waits;    /* the current control frame is a Close that is to be looked at again */
    uint64_t close_mark; /* the handler's: what it waits for */
    /* Bytes received and not yet looked at: the callback's budget was used up, or reading is
     * paused. While there are any the socket is not read. WHOLE_FRAME_SLACK_BYTES behind them. */
    uint8_t *stash;
    size_t stash_capacity;
    size_t stash_start;
    size_t stash_end;
};

/* Whether nothing needs to be kept until the next read. */
static inline bool inbound_idle(const struct inbound *inbound)
{
    return !inbound->decoder.in_frame && inbound->decoder.message_opcode == 0 &&
           inbound->decoder.stash_length == 0 && inbound->stash == NULL;
}

/* Frees what it points at and makes it idle. */
void inbound_reset(struct pool *pool, struct inbound *inbound);

/* Room for `length` more bytes of the message, or NULL when memory is short. */
uint8_t *inbound_reserve(struct pool *pool, struct inbound *inbound, size_t length);

/* Keeps a copy of bytes that were received and not yet looked at. There must be none kept. */
bool inbound_stash(struct pool *pool, struct inbound *inbound, const uint8_t *bytes, size_t length);

/* Drops the first `length` bytes of the stash; frees it when that was all. */
void inbound_unstash(struct pool *pool, struct inbound *inbound, size_t length);

#endif

/*
 * RFC 7692, permessage-deflate, as a client that compresses every message by itself: it keeps no
 * context, which is allowed whatever was agreed on, so that messages can be compressed beforehand.
 */
#ifndef WSRELAYD_BENCH_DEFLATE_H
#define WSRELAYD_BENCH_DEFLATE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* What is offered. */
#define DEFLATE_OFFER "permessage-deflate"

/*
 * Reads the server's Sec-WebSocket-Extensions. Says whether the server's messages refer to those
 * before. Returns NULL, or what is wrong with an answer to that offer.
 */
const char *deflate_read_answer(struct slice answer, bool *keeps_context);

/* ---- compressing ---- */

struct deflater;

/* Ends the program when memory is short. */
struct deflater *deflater_create(void);
void deflater_free(struct deflater *deflater);

/* Bytes that a payload becomes at most. */
size_t deflater_bound(size_t length);

/* Compresses a message's payload; returns the bytes written to `target`. */
size_t deflater_message(struct deflater *deflater, const uint8_t *payload, size_t length,
                        uint8_t *target);

/* ---- decompressing ---- */

struct inflater;

/* NULL when memory is short. */
struct inflater *inflater_create(bool keeps_context);
void inflater_free(struct inflater *inflater);

/* Gives it bytes of a message, which have to stay until they have been used up. */
void inflater_feed(struct inflater *inflater, const uint8_t *bytes, size_t length, bool ends);

enum inflate_event {
    INFLATE_DATA,
    INFLATE_DONE, /* what was fed is used up, and the message over if it ended with that */
    INFLATE_BROKEN,
};

enum inflate_event inflater_next(struct inflater *inflater, uint8_t *target, size_t room,
                                 size_t *length);

#endif

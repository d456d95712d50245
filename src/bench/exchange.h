/*
 * A connection to a server that sends every message back. As long as what comes is the bytes that
 * a server would write without thinking, they are compared as they stand, many messages at once;
 * from the first other byte on, frame by frame.
 */
#ifndef WSRELAYD_BENCH_EXCHANGE_H
#define WSRELAYD_BENCH_EXCHANGE_H

#include "bench/connection.h"

struct exchange {
    struct connection connection;
    uint64_t first;       /* where in the ring its first message is */
    uint64_t allowed;     /* messages that may have been sent; for the mode to raise */
    uint64_t sent;        /* that were given to the kernel, or are being */
    uint64_t answered;    /* that have come back whole */
    bool parses;          /* frame by frame */
    size_t reply_at;      /* where in the ring of replies the next byte is; while it does not */
    size_t message_bytes; /* payload of the current message so far; while it does */
};

/* The connection is open. */
void exchange_begin(struct exchange *exchange);

/* Sends what may be sent and has not been. */
void exchange_send(struct exchange *exchange);

/* Takes what has come: counts what is right, and fails the connection at what is not. */
void exchange_take(struct exchange *exchange, const uint8_t *bytes, size_t length);

/* The connection has ended: counts what is lost. */
void exchange_end(struct exchange *exchange, enum ending ending);

static inline bool exchange_is_complete(const struct exchange *exchange)
{
    return exchange->answered == exchange->allowed;
}

#endif

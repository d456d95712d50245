/*
 * Between OpenSSL and the sockets: what one recv has brought to a TLS connection and what one send
 * will take from it. All TLS connections of a thread use the same buffers, one after the other:
 * both are empty between callbacks.
 */
#ifndef WSRELAYD_NET_TLS_WIRE_H
#define WSRELAYD_NET_TLS_WIRE_H

#include "base/pool.h"
#include "net/output.h"

#include <openssl/bio.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum {
    TLS_RECORD_BYTES = 16384, /* plaintext in one record, at most (RFC 8446 section 5.1) */
    TLS_RECORD_OVERHEAD_BYTES = 5 + 256, /* what a record adds, at most (section 5.2) */
    TLS_BATCH_RECORDS = 5, /* in one send: a message of 64 KiB with its header, and no more than a
                              slow reader may keep in memory of its own */
    /* With what OpenSSL has kept of a record that was not whole, this makes no more plaintext than
     * one read may bring. */
    TLS_INPUT_BYTES = INPUT_BYTES - TLS_RECORD_BYTES,
    TLS_OUTPUT_BYTES = TLS_BATCH_RECORDS * (TLS_RECORD_BYTES + TLS_RECORD_OVERHEAD_BYTES),
};

struct tls_wire {
    BIO_METHOD *method; /* how OpenSSL gets at the buffers */
    struct pool *pool;
    uint8_t *input; /* TLS_INPUT_BYTES; received and not yet taken is from start to end */
    size_t input_start;
    size_t input_end;
    uint8_t *output; /* TLS_OUTPUT_BYTES: records made and not yet sent */
    size_t output_length;
    uint8_t *record; /* TLS_RECORD_BYTES: plaintext of one record being gathered */
};

/* Returns false when memory is short; tls_wire_free is to be called all the same. */
bool tls_wire_init(struct tls_wire *wire, struct pool *pool);

/* All connections that use it must be gone. */
void tls_wire_free(struct tls_wire *wire);

static inline size_t tls_wire_input_length(const struct tls_wire *wire)
{
    return wire->input_end - wire->input_start;
}

/* Drops what has been received. */
static inline void tls_wire_clear_input(struct tls_wire *wire)
{
    wire->input_start = 0;
    wire->input_end = 0;
}

#endif

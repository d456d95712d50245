/*
 * Ciphertext that the kernel has not taken. Memory is there only while there is any.
 */
#ifndef WSRELAYD_NET_TLS_REST_H
#define WSRELAYD_NET_TLS_REST_H

#include "net/tls_wire.h"

#include <stddef.h>
#include <stdint.h>

/*
 * What one write makes, and a little that OpenSSL adds by itself while nothing goes out: a peer can
 * ask for new keys over and over and not read the answers.
 */
enum { TLS_REST_MAX_BYTES = TLS_OUTPUT_BYTES + TLS_RECORD_BYTES };

struct tls_rest {
    uint8_t *bytes; /* NULL: none */
    size_t capacity;
    size_t start; /* what is before has been sent */
    size_t end;
};

static inline size_t tls_rest_length(const struct tls_rest *rest)
{
    return rest->end - rest->start;
}

/* Adds bytes. Returns 0, or with nothing changed ENOMEM, or ENOBUFS beyond TLS_REST_MAX_BYTES. */
int tls_rest_add(struct pool *pool, struct tls_rest *rest, const uint8_t *bytes, size_t length);

/* Takes out bytes that have been sent. */
void tls_rest_sent(struct pool *pool, struct tls_rest *rest, size_t length);

void tls_rest_free(struct pool *pool, struct tls_rest *rest);

#endif

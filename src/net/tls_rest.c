/*
 * A queue of bytes.
 */
#include "net/tls_rest.h"

#include <errno.h>
#include <stdbool.h>
#include <string.h>

/* The first allocation fits; those that follow have room, so that many small additions do not each
 * copy everything. */
static bool grow(struct pool *pool, struct tls_rest *rest, size_t needed)
{
    size_t used = tls_rest_length(rest);
    struct tls_rest grown = {.end = used};

    grown.bytes = pool_alloc(pool, used > 0 ? 2 * needed : needed, &grown.capacity);
    if (grown.bytes == NULL) {
        return false;
    }
    if (used > 0) {
        memcpy(grown.bytes, rest->bytes + rest->start, used);
    }
    tls_rest_free(pool, rest);
    *rest = grown;
    return true;
}

int tls_rest_add(struct pool *pool, struct tls_rest *rest, const uint8_t *bytes, size_t length)
{
    size_t used = tls_rest_length(rest);

    if (length > TLS_REST_MAX_BYTES - used) {
        return ENOBUFS;
    }
    if (length > rest->capacity - rest->end && !grow(pool, rest, used + length)) {
        return ENOMEM;
    }
    memcpy(rest->bytes + rest->end, bytes, length);
    rest->end += length;
    return 0;
}

void tls_rest_sent(struct pool *pool, struct tls_rest *rest, size_t length)
{
    rest->start += length;
    if (rest->start == rest->end) {
        tls_rest_free(pool, rest);
    }
}

void tls_rest_free(struct pool *pool, struct tls_rest *rest)
{
    pool_free(pool, rest->bytes, rest->capacity);
    *rest = (struct tls_rest){0};
}

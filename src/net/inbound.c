/*
 * Memory for messages that arrive in pieces: grows with what has arrived, never with what was
 * declared.
 */
#include "net/inbound.h"

#include "protocol/whole_frame.h"

#include <string.h>

void inbound_reset(struct pool *pool, struct inbound *inbound)
{
    if (inbound->assembly != NULL) {
        message_release(pool, inbound->assembly);
    }
    pool_free(pool, inbound->stash, inbound->stash_capacity);
    *inbound = (struct inbound){0};
}

uint8_t *inbound_reserve(struct pool *pool, struct inbound *inbound, size_t length)
{
    size_t needed = inbound->collected + length;

    if (inbound->assembly == NULL) {
        inbound->assembly = message_create(pool, needed);
    } else if (message_payload_capacity(inbound->assembly) < needed) {
        struct message *grown = message_resize(pool, inbound->assembly, needed + needed / 4);

        if (grown == NULL) {
            return NULL;
        }
        inbound->assembly = grown;
    }
    return inbound->assembly != NULL ? message_payload(inbound->assembly) + inbound->collected
                                     : NULL;
}

bool inbound_stash(struct pool *pool, struct inbound *inbound, const uint8_t *bytes, size_t length)
{
    inbound->stash = pool_alloc(pool, length + WHOLE_FRAME_SLACK_BYTES, &inbound->stash_capacity);
    if (inbound->stash == NULL) {
        return false;
    }
    memcpy(inbound->stash, bytes, length);
    inbound->stash_start = 0;
    inbound->stash_end = length;
    return true;
}

void inbound_unstash(struct pool *pool, struct inbound *inbound, size_t length)
{
    inbound->stash_start += length;
    if (inbound->stash_start == inbound->stash_end) {
        pool_free(pool, inbound->stash, inbound->stash_capacity);
        inbound->stash = NULL;
    }
}

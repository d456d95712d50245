/*
 * Small publications one behind the other.
 */
#include "relay/batch.h"

void batch_end(struct pool *pool, struct batch *batch)
{
    if (batch->block != NULL) {
        message_release(pool, batch->block);
        batch->block = NULL;
    }
}

/* Makes room for `length` bytes in the block. False when memory is short. */
static bool reserve(struct pool *pool, struct batch *batch, size_t length)
{
    struct message *block = batch->block;

    if (block != NULL && message_is_unshared(block)) {
        block->length = 0;
    } else if (block != NULL && message_payload_capacity(block) - block->length < length) {
        batch_end(pool, batch);
    }
    if (batch->block == NULL) {
        batch->block = message_create(pool, BATCH_BYTES);
    }
    return batch->block != NULL;
}

struct parcel *batch_copy(struct pool *pool, struct batch *batch, const struct message *message)
{
    struct parcel *parcel;

    if (message->length > BATCH_MESSAGE_BYTES || !reserve(pool, batch, message->length)) {
        return NULL;
    }
    parcel = parcel_wrap(pool, batch->block);
    if (parcel != NULL) {
        parcel->offset = batch->block->length;
        message_append(batch->block, message_wire(message), message->length);
        parcel->end = batch->block->length;
        parcel->payload_bytes = message_payload_length(message);
    }
    return parcel;
}

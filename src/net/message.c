/*
 * Wire messages and their counts.
 */
#include "net/message.h"

#include "protocol/frame.h"

#include <stdlib.h>
#include <string.h>

_Static_assert((int)MESSAGE_HEADROOM_BYTES >= (int)FRAME_SERVER_HEADER_MAX, "room for a header");

struct message *message_create(struct pool *pool, size_t payload_bytes)
{
    struct message *message;
    size_t overhead = sizeof *message + MESSAGE_HEADROOM_BYTES;
    size_t capacity;

    if (payload_bytes > SIZE_MAX - overhead) {
        return NULL;
    }
    message = pool_alloc(pool, overhead + payload_bytes, &capacity);
    if (message == NULL) {
        return NULL;
    }
    atomic_init(&message->references, 1);
    message->start = MESSAGE_HEADROOM_BYTES;
    message->length = 0;
    message->capacity = capacity;
    return message;
}

size_t message_payload_capacity(const struct message *message)
{
    return message->capacity - sizeof *message - MESSAGE_HEADROOM_BYTES;
}

static size_t smaller(size_t a, size_t b)
{
    return a < b ? a : b;
}

/* Blocks too large for the pool are malloc's own, which can often make room without copying. */
static struct message *resize_in_place(struct message *message, size_t capacity)
{
    struct message *resized = realloc(message, capacity);

    if (resized != NULL) {
        resized->capacity = capacity;
    }
    return resized;
}

struct message *message_resize(struct pool *pool, struct message *message, size_t payload_bytes)
{
    size_t overhead = sizeof *message + MESSAGE_HEADROOM_BYTES;
    struct message *resized;

    if (message->capacity > POOL_LARGEST_BYTES && payload_bytes > POOL_LARGEST_BYTES) {
        return resize_in_place(message, overhead + payload_bytes);
    }
    resized = message_create(pool, payload_bytes);
    if (resized == NULL) {
        return NULL;
    }
    resized->start = message->start;
    resized->length = message->length;
    memcpy(resized->bytes, message->bytes,
           smaller(resized->capacity, message->capacity) - sizeof *message);
    message_release(pool, message);
    return resized;
}

struct message *message_trim(struct pool *pool, struct message *message)
{
    size_t payload_bytes = message_payload_length(message);
    size_t room = message_payload_capacity(message);
    struct message *trimmed = NULL;

    if (payload_bytes <= POOL_LARGEST_BYTES && room - payload_bytes > room / 4) {
        trimmed = message_resize(pool, message, payload_bytes);
    }
    return trimmed != NULL ? trimmed : message;
}

void message_frame(struct message *message, uint8_t first_byte, size_t payload_bytes)
{
    size_t header_bytes = frame_header_size(payload_bytes);

    message->start = (uint32_t)(MESSAGE_HEADROOM_BYTES - header_bytes);
    message->length = header_bytes + payload_bytes;
    frame_write_header(message->bytes + message->start, first_byte, payload_bytes);
}

void message_append(struct message *message, const uint8_t *bytes, size_t length)
{
    memcpy(message->bytes + message->start + message->length, bytes, length);
    message->length += length;
}

void message_release(struct pool *pool, struct message *message)
{
    if (atomic_fetch_sub_explicit(&message->references, 1, memory_order_acq_rel) == 1) {
        pool_free(pool, message, message->capacity);
    }
}

struct parcel *parcel_create(struct pool *pool, struct message *message)
{
    struct parcel *parcel = pool_alloc(pool, sizeof *parcel, NULL);

    if (parcel != NULL) {
        *parcel = (struct parcel){.message = message,
                                  .end = message->length,
                                  .payload_bytes = message_payload_length(message),
                                  .references = 1};
    }
    return parcel;
}

struct parcel *parcel_wrap(struct pool *pool, struct message *message)
{
    struct parcel *parcel = parcel_create(pool, message);

    if (parcel != NULL) {
        message_reference(message);
    }
    return parcel;
}

void parcel_release(struct pool *pool, struct parcel *parcel)
{
    if (--parcel->references == 0) {
        message_release(pool, parcel->message);
        pool_free(pool, parcel, sizeof *parcel);
    }
}

/*
 * The unit that queues hold: one or more whole frames as they go on the wire, built once and
 * immutable from the moment that they are shared.
 *
 * A struct message may be shared between threads and carries an atomic count. A struct parcel is
 * one thread's view of a message or of a part of it, with a plain count: a publication to a
 * thousand members of a worker costs one atomic operation and a thousand plain ones.
 */
#ifndef WSRELAYD_NET_MESSAGE_H
#define WSRELAYD_NET_MESSAGE_H

#include "base/mailbox.h"
#include "base/pool.h"

#include <stdatomic.h>
#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Room kept in front of a payload, so that its frame header can be written in place. */
enum { MESSAGE_HEADROOM_BYTES = 16 };

struct message {
    atomic_uint references; /* parcels and other holders */
    uint32_t start;         /* where the wire bytes begin in `bytes` */
    size_t length;          /* wire bytes */
    size_t capacity;        /* of the whole block, this struct included: pool_free wants it */
    uint8_t bytes[];
};

struct parcel {
    struct message *message;
    size_t offset; /* into the wire bytes: where the parcel's frames begin, and end */
    size_t end;
    size_t payload_bytes; /* of the one frame that it holds; for statistics */
    unsigned references;  /* this thread's only */
};

/* A message with room for `payload_bytes` behind the headroom, one reference, or NULL. */
struct message *message_create(struct pool *pool, size_t payload_bytes);

/*
 * Makes room for so much payload, at another place; the content goes along. The caller's reference
 * must be the only one if it is to become larger. NULL when memory is short: `message` stays.
 */
struct message *message_resize(struct pool *pool, struct message *message, size_t payload_bytes);

/*
 * Gives back what a small assembly has grown too much, for a message that is going to wait in
 * queues; a large one never grows by more than a quarter. Returns the message, maybe another one in
 * its place, with one reference of the caller's; it cannot fail.
 */
struct message *message_trim(struct pool *pool, struct message *message);

/* Payload bytes that fit behind the headroom. */
size_t message_payload_capacity(const struct message *message);

static inline uint8_t *message_payload(struct message *message)
{
    return message->bytes + MESSAGE_HEADROOM_BYTES;
}

static inline const uint8_t *message_wire(const struct message *message)
{
    return message->bytes + message->start;
}

static inline const uint8_t *parcel_wire(const struct parcel *parcel)
{
    return message_wire(parcel->message) + parcel->offset;
}

/* Payload bytes of a message that is one frame. */
static inline size_t message_payload_length(const struct message *message)
{
    return message->length - (MESSAGE_HEADROOM_BYTES - message->start);
}

/* Adds bytes behind what is there, for which there must be room. Those before stay as they are. */
void message_append(struct message *message, const uint8_t *bytes, size_t length);

/* Writes the frame header in front of a payload of `payload_bytes`: the message is complete. */
void message_frame(struct message *message, uint8_t first_byte, size_t payload_bytes);

static inline void message_reference(struct message *message)
{
    atomic_fetch_add_explicit(&message->references, 1, memory_order_relaxed);
}

/* Whether the caller's reference is the only one. */
static inline bool message_is_unshared(const struct message *message)
{
    return atomic_load_explicit(&message->references, memory_order_acquire) == 1;
}

/* Drops a reference; the last one gives the block to `pool`, the calling thread's. */
void message_release(struct pool *pool, struct message *message);

/*
 * A parcel of the whole message with one reference, which takes over the caller's reference to
 * `message`; or NULL.
 */
struct parcel *parcel_create(struct pool *pool, struct message *message);

/* The same with a new reference to the message; the caller keeps its own. */
struct parcel *parcel_wrap(struct pool *pool, struct message *message);

void parcel_release(struct pool *pool, struct parcel *parcel);

#endif

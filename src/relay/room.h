/*
 * A room and the table of rooms. Private to the relay.
 *
 * A room is known by namespace and name. It holds a share for every worker that has members in it
 * or mail about it under way, and exists for as long as it has shares. So a room of one member
 * costs the same on two workers and on sixty-four.
 */
#ifndef WSRELAYD_RELAY_ROOM_H
#define WSRELAYD_RELAY_ROOM_H

#include "base/list.h"
#include "base/siphash.h"
#include "base/slice.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

struct relay_worker;

/* One worker's part of a room: made and freed by that worker's thread. */
struct room_share {
    struct room_share *next; /* under the stripe's lock */
    struct relay_worker *worker;
    struct list_node members; /* struct relay_member, in the order of joining; worker's thread */
    size_t member_count;      /* under the stripe's lock */
    size_t mail_count;        /* under the stripe's lock: publications posted, not yet delivered */
    uint64_t posted;          /* under the stripe's lock: the position of the last one posted */
    uint64_t delivered;       /* the position of the last one delivered; worker's thread */
};

struct room {
    struct room *next; /* in its bucket, under the stripe's lock like all that follows */
    struct room_share *shares;
    uint64_t position;   /* of the last publication: 1, 2, 3, ... without a gap */
    size_t member_count; /* on all workers */
    uint64_t hash;
    size_t namespace_bytes;
    size_t name_bytes;
    char bytes[]; /* namespace and name, one behind the other */
};

/* A part of the table, with a lock of its own so that workers seldom meet. */
struct room_stripe {
    pthread_mutex_t lock;
    struct room **buckets; /* chains; a power of two of them, or none before the first room */
    size_t bucket_count;
    atomic_size_t room_count;   /* changed under the lock, read by anybody */
} __attribute__((aligned(64))); /* two locks never share a cache line */

enum { ROOM_STRIPES = 256 };

struct room_table {
    struct siphash_key key;
    struct room_stripe stripes[ROOM_STRIPES];
};

/* Returns 0, or an errno value. */
int room_table_init(struct room_table *table);

/* Every room must be gone. */
void room_table_destroy(struct room_table *table);

/* How many rooms there are; any thread, without a lock. */
size_t room_table_count(const struct room_table *table);

uint64_t room_table_hash(const struct room_table *table, struct slice namespace, struct slice name);

/* The stripe that holds the rooms of this hash. */
struct room_stripe *room_table_stripe(struct room_table *table, uint64_t hash);

/*
 * The place of the rooms of a hash in the order of all rooms: the number of their stripe, then the
 * bits that choose the bucket, lowest first. So the rooms of a bucket are next to each other
 * however many buckets there are, and who goes through a stripe in this order may let it grow or
 * shrink in between.
 */
uint64_t room_place(uint64_t hash);

/* The number of the stripe with the rooms of this place. */
unsigned room_place_stripe(uint64_t place);

/* Under the stripe's lock: the chain of the bucket of this place, and where the next bucket begins,
 * which may be in the next stripe or, behind the last, 0. */
const struct room *room_stripe_bucket(const struct room_stripe *stripe, uint64_t place);
uint64_t room_stripe_next_bucket(const struct room_stripe *stripe, uint64_t place);

struct slice room_namespace(const struct room *room);
struct slice room_name(const struct room *room);

/* Under the stripe's lock: the room of that name; NULL: there is none. */
struct room *room_stripe_find(const struct room_stripe *stripe, uint64_t hash,
                              struct slice namespace, struct slice name);

/* Under the stripe's lock: the room of that name, made if there is none; NULL: memory is short. */
struct room *room_stripe_enter(struct room_stripe *stripe, uint64_t hash, struct slice namespace,
                               struct slice name);

/* Under the stripe's lock: the worker's share, or NULL when it has none. */
struct room_share *room_share_find(const struct room *room, const struct relay_worker *worker);

/* Under the stripe's lock: the worker's share, made if it has none; NULL: memory is short. */
struct room_share *room_share_enter(struct room *room, struct relay_worker *worker);

/*
 * Under the stripe's lock, when something has gone: frees the share (NULL: none) if it has neither
 * members nor mail under way, and with its last share the room.
 */
void room_drop_unused(struct room_stripe *stripe, struct room *room, struct room_share *share);

#endif

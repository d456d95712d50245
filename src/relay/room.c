/*
 * The table of rooms: stripes of chained hash tables. Each stripe grows and shrinks alone, so no
 * join ever pays for moving more than a stripe's few rooms.
 */
#include "relay/room.h"

#include <stdlib.h>
#include <string.h>

enum { LEAST_BUCKETS = 8 };

int room_table_init(struct room_table *table)
{
    for (size_t i = 0; i < ROOM_STRIPES; i++) {
        struct room_stripe *stripe = &table->stripes[i];

        pthread_mutex_init(&stripe->lock, NULL);
        stripe->buckets = NULL;
        stripe->bucket_count = 0;
        atomic_init(&stripe->room_count, 0);
    }
    return siphash_key_random(&table->key);
}

void room_table_destroy(struct room_table *table)
{
    for (size_t i = 0; i < ROOM_STRIPES; i++) {
        free(table->stripes[i].buckets);
        pthread_mutex_destroy(&table->stripes[i].lock);
    }
}

size_t room_table_count(const struct room_table *table)
{
    size_t count = 0;

    for (size_t i = 0; i < ROOM_STRIPES; i++) {
        count += atomic_load_explicit(&table->stripes[i].room_count, memory_order_relaxed);
    }
    return count;
}

/* The namespace's hash becomes part of the name's key: where one ends and the other begins counts.
 */
uint64_t room_table_hash(const struct room_table *table, struct slice namespace, struct slice name)
{
    struct siphash_key key = table->key;

    key.low ^= siphash(&table->key, namespace.data, namespace.length);
    return siphash(&key, name.data, name.length);
}

struct room_stripe *room_table_stripe(struct room_table *table, uint64_t hash)
{
    return &table->stripes[hash % ROOM_STRIPES];
}

/* The rooms of a stripe agree in what chose the stripe: the bucket is chosen by the rest. */
static struct room **bucket_of(const struct room_stripe *stripe, uint64_t hash)
{
    return &stripe->buckets[hash / ROOM_STRIPES & (stripe->bucket_count - 1)];
}

/* Eight bits of a place are the stripe's number; the others are those of the bucket. */
enum { BUCKET_BITS = 56 };

_Static_assert(ROOM_STRIPES == 1 << (64 - BUCKET_BITS), "a stripe's number is the rest of a place");

/* The lowest bit first. */
static uint64_t reversed(uint64_t bits)
{
    bits = (bits >> 1 & 0x5555555555555555) | (bits & 0x5555555555555555) << 1;
    bits = (bits >> 2 & 0x3333333333333333) | (bits & 0x3333333333333333) << 2;
    bits = (bits >> 4 & 0x0F0F0F0F0F0F0F0F) | (bits & 0x0F0F0F0F0F0F0F0F) << 4;
    return __builtin_bswap64(bits);
}

uint64_t room_place(uint64_t hash)
{
    return hash % ROOM_STRIPES << BUCKET_BITS | reversed(hash / ROOM_STRIPES) >> (64 - BUCKET_BITS);
}

unsigned room_place_stripe(uint64_t place)
{
    return (unsigned)(place >> BUCKET_BITS);
}

const struct room *room_stripe_bucket(const struct room_stripe *stripe, uint64_t place)
{
    uint64_t bits = reversed(place << (64 - BUCKET_BITS));

    return stripe->bucket_count > 0 ? stripe->buckets[bits & (stripe->bucket_count - 1)] : NULL;
}

uint64_t room_stripe_next_bucket(const struct room_stripe *stripe, uint64_t place)
{
    uint64_t buckets = stripe->bucket_count > 0 ? stripe->bucket_count : 1;
    uint64_t places = (UINT64_C(1) << BUCKET_BITS) / buckets; /* of one; a power of two */

    return (place & ~(places - 1)) + places;
}

static void insert(struct room_stripe *stripe, struct room *room)
{
    struct room **bucket = bucket_of(stripe, room->hash);

    room->next = *bucket;
    *bucket = room;
}

/* Moves all rooms to a new set of buckets. When memory is short the old one stays. */
static void resize(struct room_stripe *stripe, size_t bucket_count)
{
    struct room **old = stripe->buckets;
    size_t old_count = stripe->bucket_count;
    struct room **buckets = calloc(bucket_count, sizeof *buckets);

    if (buckets == NULL) {
        return;
    }
    stripe->buckets = buckets;
    stripe->bucket_count = bucket_count;
    for (size_t i = 0; i < old_count; i++) {
        struct room *room = old[i];

        while (room != NULL) {
            struct room *next = room->next;

            insert(stripe, room);
            room = next;
        }
    }
    free(old);
}

/* At most one room a bucket on average. */
static void grow_if_full(struct room_stripe *stripe, size_t room_count)
{
    if (stripe->bucket_count == 0) {
        resize(stripe, LEAST_BUCKETS);
    } else if (room_count >= stripe->bucket_count) {
        resize(stripe, stripe->bucket_count * 2);
    }
}

/* An eighth, so that rooms that come and go at the border do not move all others each time. */
static void shrink_if_sparse(struct room_stripe *stripe, size_t room_count)
{
    if (stripe->bucket_count > LEAST_BUCKETS && room_count < stripe->bucket_count / 8) {
        resize(stripe, stripe->bucket_count / 2);
    }
}

struct slice room_namespace(const struct room *room)
{
    return (struct slice){room->bytes, room->namespace_bytes};
}

struct slice room_name(const struct room *room)
{
    return (struct slice){room->bytes + room->namespace_bytes, room->name_bytes};
}

struct room *room_stripe_find(const struct room_stripe *stripe, uint64_t hash,
                              struct slice namespace, struct slice name)
{
    struct room *room;

    if (stripe->bucket_count == 0) {
        return NULL;
    }
    for (room = *bucket_of(stripe, hash); room != NULL; room = room->next) {
        if (room->hash == hash && slice_equal(room_namespace(room), namespace) &&
            slice_equal(room_name(room), name)) {
            break;
        }
    }
    return room;
}

static struct room *room_create(uint64_t hash, struct slice namespace, struct slice name)
{
    struct room *room = malloc(sizeof *room + namespace.length + name.length);

    if (room == NULL) {
        return NULL;
    }
    *room =
        (struct room){.hash = hash, .namespace_bytes = namespace.length, .name_bytes = name.length};
    if (namespace.length > 0) {
        memcpy(room->bytes, namespace.data, namespace.length);
    }
    if (name.length > 0) {
        memcpy(room->bytes + namespace.length, name.data, name.length);
    }
    return room;
}

struct room *room_stripe_enter(struct room_stripe *stripe, uint64_t hash, struct slice namespace,
                               struct slice name)
{
    struct room *room = room_stripe_find(stripe, hash, namespace, name);
    size_t room_count = atomic_load_explicit(&stripe->room_count, memory_order_relaxed);

    if (room != NULL) {
        return room;
    }
    grow_if_full(stripe, room_count);
    if (stripe->bucket_count == 0) {
        return NULL;
    }
    room = room_create(hash, namespace, name);
    if (room != NULL) {
        insert(stripe, room);
        atomic_store_explicit(&stripe->room_count, room_count + 1, memory_order_relaxed);
    }
    return room;
}

/* Takes a room out of the table and frees it. */
static void drop_room(struct room_stripe *stripe, struct room *room)
{
    struct room **link = bucket_of(stripe, room->hash);
    size_t room_count = atomic_load_explicit(&stripe->room_count, memory_order_relaxed) - 1;

    while (*link != room) {
        link = &(*link)->next;
    }
    *link = room->next;
    free(room);
    atomic_store_explicit(&stripe->room_count, room_count, memory_order_relaxed);
    shrink_if_sparse(stripe, room_count);
}

struct room_share *room_share_find(const struct room *room, const struct relay_worker *worker)
{
    struct room_share *share = room->shares;

    while (share != NULL && share->worker != worker) {
        share = share->next;
    }
    return share;
}

struct room_share *room_share_enter(struct room *room, struct relay_worker *worker)
{
    struct room_share *share = room_share_find(room, worker);

    if (share != NULL) {
        return share;
    }
    share = malloc(sizeof *share);
    if (share != NULL) {
        *share = (struct room_share){.next = room->shares, .worker = worker};
        list_init(&share->members);
        room->shares = share;
    }
    return share;
}

static void drop_share(struct room *room, struct room_share *share)
{
    struct room_share **link = &room->shares;

    while (*link != share) {
        link = &(*link)->next;
    }
    *link = share->next;
    free(share);
}

void room_drop_unused(struct room_stripe *stripe, struct room *room, struct room_share *share)
{
    if (share != NULL && share->member_count == 0 && share->mail_count == 0) {
        drop_share(room, share);
    }
    if (room->shares == NULL) {
        drop_room(stripe, room);
    }
}

/*
 * Joining, leaving and publishing.
 *
 * The order of a room is the order in which publications take their position under the stripe's
 * lock. Each is posted under the same lock to every worker concerned; a mailbox keeps the order,
 * so every worker delivers a room's publications by position. A member that joins notes the
 * position of that moment under the lock: what is delivered later but has an earlier or the same
 * position was accepted before its join and is not for it.
 */
#include "relay/relay.h"

#include "relay/batch.h"
#include "relay/room.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>

struct relay_worker {
    struct relay *relay;
    struct mailbox *mailbox; /* not used with one worker */
    struct pool *pool;
    struct batch batch;         /* the worker's thread only, like the pool */
    atomic_size_t member_count; /* changed by the worker's thread, read by anybody */
} __attribute__((aligned(64))); /* a counter's changes disturb no other worker */

struct relay {
    relay_deliver *deliver;
    unsigned worker_count;
    struct room_table rooms;
    struct relay_worker workers[];
};

/* A publication while it is being handed out, under the stripe's lock. */
struct publication {
    struct relay_worker *worker; /* the publisher's */
    struct room *room;
    struct message *message;
    const struct relay_member *excluded; /* the publisher if it is not to get its own, else NULL */
};

/*
 * A publication on its way to one worker. What it needs there it brings along: nothing can fail on
 * arrival. Its block and its parcel come from the publisher's pool and end in the receiver's.
 */
struct posting {
    struct mail mail;
    struct room *room;        /* is there for as long as the share is */
    struct room_share *share; /* the receiver's; counted in its mail_count, which keeps it */
    struct parcel *parcel;
    uint64_t position;
    /*
     * As in the publication, but only to compare with: the publisher may be gone on arrival. A
     * member made since then at its address has joined since then and is passed over for that.
     */
    const struct relay_member *excluded;
};

struct relay *relay_create(unsigned workers, relay_deliver *deliver)
{
    /* Both parts are multiples of the alignment, as aligned_alloc wants it. */
    size_t bytes = sizeof(struct relay) + workers * sizeof(struct relay_worker);
    struct relay *relay = aligned_alloc(_Alignof(struct relay), bytes);

    if (relay == NULL) {
        return NULL;
    }
    relay->deliver = deliver;
    relay->worker_count = workers;
    for (unsigned i = 0; i < workers; i++) {
        relay->workers[i].relay = relay;
        relay->workers[i].batch = (struct batch){0};
        atomic_init(&relay->workers[i].member_count, 0);
    }
    if (room_table_init(&relay->rooms) != 0) {
        relay_free(relay);
        return NULL;
    }
    return relay;
}

void relay_free(struct relay *relay)
{
    if (relay != NULL) {
        room_table_destroy(&relay->rooms);
        free(relay);
    }
}

struct relay_worker *relay_worker_start(struct relay *relay, unsigned index,
                                        struct mailbox *mailbox, struct pool *pool)
{
    struct relay_worker *worker = &relay->workers[index];

    worker->mailbox = mailbox;
    worker->pool = pool;
    return worker;
}

void relay_worker_end(struct relay_worker *worker)
{
    batch_end(worker->pool, &worker->batch);
}

size_t relay_room_count(const struct relay *relay)
{
    return room_table_count(&relay->rooms);
}

size_t relay_member_count(const struct relay *relay)
{
    size_t count = 0;

    for (unsigned i = 0; i < relay->worker_count; i++) {
        count += atomic_load_explicit(&relay->workers[i].member_count, memory_order_relaxed);
    }
    return count;
}

/* Locks the stripe of this hash. A single worker has nobody to lock out. */
static struct room_stripe *lock_stripe(struct relay *relay, uint64_t hash)
{
    struct room_stripe *stripe = room_table_stripe(&relay->rooms, hash);

    if (relay->worker_count > 1) {
        pthread_mutex_lock(&stripe->lock);
    }
    return stripe;
}

static void unlock_stripe(struct relay *relay, struct room_stripe *stripe)
{
    if (relay->worker_count > 1) {
        pthread_mutex_unlock(&stripe->lock);
    }
}

static void enter_member(struct room *room, struct room_share *share, struct relay_member *member)
{
    member->room = room;
    member->joined_at = room->position;
    list_append(&share->members, &member->node);
    share->member_count++;
    room->member_count++;
    atomic_fetch_add_explicit(&share->worker->member_count, 1, memory_order_relaxed);
}

bool relay_join(struct relay_worker *worker, struct relay_member *member, struct slice namespace,
                struct slice name)
{
    struct relay *relay = worker->relay;
    uint64_t hash = room_table_hash(&relay->rooms, namespace, name);
    struct room_stripe *stripe = lock_stripe(relay, hash);
    struct room *room = room_stripe_enter(stripe, hash, namespace, name);
    struct room_share *share = room != NULL ? room_share_enter(room, worker) : NULL;

    if (share != NULL) {
        enter_member(room, share, member);
    } else if (room != NULL) {
        room_drop_unused(stripe, room, NULL);
    }
    unlock_stripe(relay, stripe);
    return share != NULL;
}

void relay_leave(struct relay_worker *worker, struct relay_member *member)
{
    struct room *room = member->room;
    struct room_stripe *stripe;
    struct room_share *share;

    if (room == NULL) {
        return;
    }
    stripe = lock_stripe(worker->relay, room->hash);
    share = room_share_find(room, worker);
    list_remove(&member->node);
    member->room = NULL;
    share->member_count--;
    room->member_count--;
    atomic_fetch_sub_explicit(&worker->member_count, 1, memory_order_relaxed);
    room_drop_unused(stripe, room, share);
    unlock_stripe(worker->relay, stripe);
}

/* Under the lock every publication that has a position has been posted, too. */
bool relay_caught_up(struct relay_worker *worker, const struct relay_member *member, uint64_t *mark)
{
    const struct room *room = member->room;
    const struct room_share *share;
    struct room_stripe *stripe;
    bool caught_up;

    if (worker->relay->worker_count == 1 || room == NULL) {
        return true;
    }
    stripe = lock_stripe(worker->relay, room->hash);
    share = room_share_find(room, worker);
    if (*mark == 0) {
        *mark = share->posted;
    }
    caught_up = share->delivered >= *mark;
    unlock_stripe(worker->relay, stripe);
    return caught_up;
}

/* Gives a publication to those members of the share that it is for, in the order of joining. */
static void deliver_to_members(const struct room_share *share, struct parcel *parcel,
                               uint64_t position, const struct relay_member *excluded)
{
    relay_deliver *deliver = share->worker->relay->deliver;

    for (struct list_node *node = share->members.next; node != &share->members; node = node->next) {
        struct relay_member *member = container_of(node, struct relay_member, node);

        if (member->joined_at < position && member != excluded) {
            deliver(member, parcel);
        }
    }
}

/* With one worker: all members are here. Returns false when memory is short. */
static bool deliver_at_once(const struct publication *publication)
{
    struct pool *pool = publication->worker->pool;
    struct room *room = publication->room;
    struct parcel *parcel = batch_copy(pool, &publication->worker->batch, publication->message);

    if (parcel == NULL) {
        parcel = parcel_wrap(pool, publication->message);
    }
    if (parcel == NULL) {
        return false;
    }
    room->position++;
    deliver_to_members(room->shares, parcel, room->position, publication->excluded);
    parcel_release(pool, parcel);
    return true;
}

static void deliver_posted(const struct posting *posting)
{
    struct relay_worker *worker = posting->share->worker;
    struct parcel *parcel = batch_copy(worker->pool, &worker->batch, posting->parcel->message);

    if (parcel != NULL) {
        parcel_release(worker->pool, posting->parcel);
    } else {
        parcel = posting->parcel;
    }
    deliver_to_members(posting->share, parcel, posting->position, posting->excluded);
    parcel_release(worker->pool, parcel);
    posting->share->delivered = posting->position;
}

/* On the receiving worker's thread: the end of a posting, and perhaps of its room. */
static void deliver_posting(struct mail *mail, void *unused)
{
    struct posting *posting = container_of(mail, struct posting, mail);
    struct room_share *share = posting->share;
    struct relay_worker *worker = share->worker;
    struct room_stripe *stripe;

    (void)unused;
    deliver_posted(posting);
    stripe = lock_stripe(worker->relay, posting->room->hash);
    share->mail_count--;
    room_drop_unused(stripe, posting->room, share);
    unlock_stripe(worker->relay, stripe);
    pool_free(worker->pool, posting, sizeof *posting);
}

/* Whether the share has members other than an excluded publisher. */
static bool is_concerned(const struct publication *publication, const struct room_share *share)
{
    bool holds_excluded = publication->excluded != NULL && share->worker == publication->worker;

    return share->member_count > (holds_excluded ? 1 : 0);
}

/* A posting for one share, complete but for its position; NULL when memory is short. */
static struct posting *posting_create(const struct publication *publication,
                                      struct room_share *share)
{
    struct pool *pool = publication->worker->pool;
    struct posting *posting = pool_alloc(pool, sizeof *posting, NULL);
    struct parcel *parcel = parcel_wrap(pool, publication->message);

    if (posting == NULL || parcel == NULL) {
        pool_free(pool, posting, sizeof *posting);
        if (parcel != NULL) {
            parcel_release(pool, parcel);
        }
        return NULL;
    }
    *posting = (struct posting){
        .mail.deliver = deliver_posting,
        .room = publication->room,
        .share = share,
        .parcel = parcel,
        .excluded = publication->excluded,
    };
    return posting;
}

/* Undoes what posting_create did for each of a chain. */
static void postings_free(struct pool *pool, struct mail *chain)
{
    while (chain != NULL) {
        struct posting *posting = container_of(chain, struct posting, mail);

        chain = chain->next;
        parcel_release(pool, posting->parcel);
        pool_free(pool, posting, sizeof *posting);
    }
}

/* A chain of postings, one for every worker concerned; NULL when memory is short for any. */
static struct mail *prepare_postings(const struct publication *publication)
{
    struct mail *chain = NULL;

    for (struct room_share *share = publication->room->shares; share != NULL; share = share->next) {
        if (is_concerned(publication, share)) {
            struct posting *posting = posting_create(publication, share);

            if (posting == NULL) {
                postings_free(publication->worker->pool, chain);
                return NULL;
            }
            posting->mail.next = chain;
            chain = &posting->mail;
        }
    }
    return chain;
}

/*
 * With several workers. Everything that can fail comes before the publication has its position, so
 * that either every member is going to get it or none. Returns false when memory is short.
 */
static bool post_to_workers(const struct publication *publication)
{
    struct mail *chain = prepare_postings(publication);

    if (chain == NULL) {
        return false;
    }
    publication->room->position++;
    while (chain != NULL) {
        struct posting *posting = container_of(chain, struct posting, mail);

        chain = chain->next;
        posting->position = publication->room->position;
        posting->share->mail_count++;
        posting->share->posted = posting->position;
        mailbox_post(posting->share->worker->mailbox, &posting->mail);
    }
    return true;
}

/* Hands the publication out. Returns how many members it is for, -1 when memory is short. */
static int64_t hand_out(const struct publication *publication)
{
    size_t audience = publication->room->member_count - (publication->excluded != NULL ? 1 : 0);
    bool done = true;

    if (audience > 0) {
        done = publication->worker->relay->worker_count == 1 ? deliver_at_once(publication)
                                                             : post_to_workers(publication);
    }
    return done ? (int64_t)audience : -1;
}

int64_t relay_publish_to(struct relay_worker *worker, struct slice namespace, struct slice name,
                         struct message *message)
{
    struct relay *relay = worker->relay;
    uint64_t hash = room_table_hash(&relay->rooms, namespace, name);
    struct room_stripe *stripe = lock_stripe(relay, hash);
    struct publication publication = {
        .worker = worker,
        .room = room_stripe_find(stripe, hash, namespace, name),
        .message = message,
    };
    int64_t audience = RELAY_NO_ROOM;

    if (publication.room != NULL && publication.room->member_count > 0) {
        audience = hand_out(&publication);
    }
    unlock_stripe(relay, stripe);
    message_release(worker->pool, message);
    return audience;
}

/* A room's bytes never change while it has members. */
bool relay_member_room(const struct relay_member *member, struct slice *namespace,
                       struct slice *name)
{
    if (member->room == NULL) {
        return false;
    }
    *namespace = room_namespace(member->room);
    *name = room_name(member->room);
    return true;
}

/* Who shows rooms to whom. */
struct tour {
    uint64_t from;
    relay_visit_room *visit;
    void *argument;
};

/* Shows the rooms of a bucket that have not been shown before. Returns how many there are. */
static size_t show_bucket(const struct tour *tour, const struct room *room)
{
    size_t count = 0;

    for (; room != NULL; room = room->next) {
        uint64_t place = room_place(room->hash);

        count++;
        if (room->member_count > 0 && place >= tour->from) {
            tour->visit(tour->argument, room_namespace(room), room_name(room), place,
                        room->member_count);
        }
    }
    return count;
}

uint64_t relay_visit_rooms(struct relay_worker *worker, uint64_t from, size_t limit,
                           relay_visit_room *visit, void *argument)
{
    const struct tour tour = {.from = from, .visit = visit, .argument = argument};
    unsigned number = room_place_stripe(from);
    struct room_stripe *stripe = lock_stripe(worker->relay, number);
    uint64_t place = from;
    size_t looked = 0;

    do {
        looked += 1 + show_bucket(&tour, room_stripe_bucket(stripe, place));
        place = room_stripe_next_bucket(stripe, place);
    } while (looked < limit && room_place_stripe(place) == number);
    unlock_stripe(worker->relay, stripe);
    return place > from ? place : RELAY_ROOMS_END;
}

int64_t relay_publish(struct relay_worker *worker, struct relay_member *publisher,
                      struct message *message, bool include_sender)
{
    struct publication publication = {
        .worker = worker,
        .room = publisher->room,
        .message = message,
        .excluded = include_sender ? NULL : publisher,
    };
    int64_t audience = 0;

    if (publisher->room != NULL) {
        struct room_stripe *stripe = lock_stripe(worker->relay, publisher->room->hash);

        audience = hand_out(&publication);
        unlock_stripe(worker->relay, stripe);
    }
    message_release(worker->pool, message);
    return audience;
}

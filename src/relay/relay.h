/*
 * Rooms: who is in them, and the one order in which every member sees what is published.
 *
 * The table of rooms is shared by all workers, in stripes with a lock each. Everything else about
 * a member belongs to the worker that the member lives on. A publication takes its position in the
 * room under the stripe's lock and is posted there to the mailbox of every worker that has members
 * in the room, the publisher's own included, so that all workers see all rooms in one order. With
 * one worker there is no posting and no lock: a publication is delivered at once.
 */
#ifndef WSRELAYD_RELAY_RELAY_H
#define WSRELAYD_RELAY_RELAY_H

#include "base/list.h"
#include "base/mailbox.h"
#include "base/pool.h"
#include "base/slice.h"
#include "net/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ROOM_NAME_MAX_BYTES = 255 };

struct relay;
struct room;

/* Lives in whatever is a member. Zero-filled: in no room. */
struct relay_member {
    struct list_node node; /* on the room's list for this worker; that worker's thread only */
    struct room *room;     /* NULL: in no room */
    uint64_t joined_at;    /* the room's position at the join: later publications are for it */
};

/* One worker's part of the relay. */
struct relay_worker;

/*
 * How a worker gives a publication to one of its members. Called on the worker's thread for each
 * member in turn. It may not join, leave or publish.
 */
typedef void relay_deliver(struct relay_member *member, struct parcel *parcel);

/* Returns NULL when memory is short. `workers` is at least 1. */
struct relay *relay_create(unsigned workers, relay_deliver *deliver);

/* Every worker must have ended and every member left. */
void relay_free(struct relay *relay);

/*
 * The worker's part, for its thread. `mailbox` is where publications reach it (not used with one
 * worker); its receiver argument is not looked at. `pool` is the worker's own.
 */
struct relay_worker *relay_worker_start(struct relay *relay, unsigned index,
                                        struct mailbox *mailbox, struct pool *pool);

/* Frees what the worker's part keeps for later. To be called before its pool is gone. */
void relay_worker_end(struct relay_worker *worker);

/*
 * Joins a room, made if there is none of that namespace and name. Complete on return: whatever is
 * accepted later reaches the member. Returns false when memory is short.
 */
bool relay_join(struct relay_worker *worker, struct relay_member *member, struct slice namespace,
                struct slice name);

/*
 * Whether the member, who lives on this worker, has been given every publication that had been
 * accepted at the time of *mark. 0 stands for now: then it is set to what is to be waited for.
 */
bool relay_caught_up(struct relay_worker *worker, const struct relay_member *member,
                     uint64_t *mark);

/* Leaves; does nothing when in no room. The last member's leaving frees the room. */
void relay_leave(struct relay_worker *worker, struct relay_member *member);

/*
 * Publishes `message`, whose reference is taken over, to the member's room; to the publisher too
 * if `include_sender`. Returns the number of members it is for (0 when nobody else is there), or -1
 * when memory was short and nobody gets it.
 */
int64_t relay_publish(struct relay_worker *worker, struct relay_member *publisher,
                      struct message *message, bool include_sender);

/*
 * Publishes `message`, whose reference is taken over, to the room of that namespace and name, for
 * somebody who is in no room. Returns as relay_publish, or RELAY_NO_ROOM.
 */
enum { RELAY_NO_ROOM = -2 };
int64_t relay_publish_to(struct relay_worker *worker, struct slice namespace, struct slice name,
                         struct message *message);

/* The room that a member, who lives on the calling thread, is in; the slices are good for as long
 * as it is. False: in none. */
bool relay_member_room(const struct relay_member *member, struct slice *namespace,
                       struct slice *name);

/*
 * Shows rooms with members on a worker's thread: those whose place in the order of all rooms is
 * from `from` on and before what is returned, which is where to go on, or RELAY_ROOMS_END. Among
 * them there is no order. About `limit` of them are looked at, under one lock. A room keeps its
 * place, so who goes on up to the end is shown each room that is there all the time exactly once.
 * The slices are good during the call of `visit`, in which nothing of the relay may be called.
 */
#define RELAY_ROOMS_END UINT64_MAX
typedef void relay_visit_room(void *argument, struct slice namespace, struct slice name,
                              uint64_t place, size_t members);
uint64_t relay_visit_rooms(struct relay_worker *worker, uint64_t from, size_t limit,
                           relay_visit_room *visit, void *argument);

/* Rooms that exist and members in them, over all workers; for statistics and tests. */
size_t relay_room_count(const struct relay *relay);
size_t relay_member_count(const struct relay *relay);

#endif

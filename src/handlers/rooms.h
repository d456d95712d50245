/*
 * Rooms for handlers: the second half of the contract. A handler keeps a struct room_member in
 * its per-connection state; all calls are made from callbacks of that connection.
 */
#ifndef WSRELAYD_HANDLERS_ROOMS_H
#define WSRELAYD_HANDLERS_ROOMS_H

#include "base/slice.h"
#include "handlers/handler.h"
#include "relay/relay.h"

/* Zero-filled: in no room. */
struct room_member {
    struct relay_member member;
    struct conn *conn;
};

/*
 * Joins the room of that namespace and name (at most ROOM_NAME_MAX_BYTES): the connection gets
 * every publication from now on. False when memory is short.
 */
bool room_join(struct conn *conn, struct room_member *member, struct slice namespace,
               struct slice name);

/* Leaves; does nothing when in no room. Must be called before the state is gone: in on_close. */
void room_leave(struct room_member *member);

/* Whether the member has been given all that was accepted before the time of *mark; 0: now. */
bool room_caught_up(const struct room_member *member, uint64_t *mark);

/*
 * Publishes a message to the others in the room, and to the connection itself if `include_sender`.
 * `bytes` may be what the callback was given, which then is not copied if it is large. False when
 * memory is short: nobody gets it.
 */
bool room_publish(struct room_member *member, enum message_type type, const uint8_t *bytes,
                  size_t length, bool include_sender);

/* How the relay gives a publication to a member that is a connection: relay_create wants it. */
void room_deliver(struct relay_member *member, struct parcel *parcel);

#endif

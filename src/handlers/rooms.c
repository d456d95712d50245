/*
 * Connections as members of rooms.
 */
#include "handlers/rooms.h"

#include "net/conn.h"
#include "net/loop.h"

bool room_join(struct conn *conn, struct room_member *member, struct slice namespace,
               struct slice name)
{
    member->conn = conn;
    return relay_join(conn->loop->rooms, &member->member, namespace, name);
}

void room_leave(struct room_member *member)
{
    if (member->conn != NULL) {
        relay_leave(member->conn->loop->rooms, &member->member);
    }
}

bool room_caught_up(const struct room_member *member, uint64_t *mark)
{
    return relay_caught_up(member->conn->loop->rooms, &member->member, mark);
}

bool room_publish(struct room_member *member, enum message_type type, const uint8_t *bytes,
                  size_t length, bool include_sender)
{
    struct conn *conn = member->conn;
    struct loop *loop = conn->loop;
    struct message *message = conn_take_message(conn, type, bytes, length);
    int64_t receivers;

    if (message == NULL) {
        return false;
    }
    receivers = relay_publish(loop->rooms, &member->member, message, include_sender);
    if (receivers < 0) {
        return false;
    }
    loop->deliveries += (size_t)receivers;
    counter_add(&loop->counters, COUNTER_PUBLICATIONS, 1);
    counter_add(&loop->counters, COUNTER_DELIVERIES, (uint64_t)receivers);
    return true;
}

void room_deliver(struct relay_member *member, struct parcel *parcel)
{
    conn_deliver(container_of(member, struct room_member, member)->conn, parcel);
}

/*
 * Publications on their way to a connection. For a connection with nothing waiting they stand in
 * the loop's fan-out until the turn ends. That is outside of the connection's own callbacks only:
 * whatever else is to be done with it first puts them into its outbox.
 */
#include "net/conn.h"
#include "net/loop.h"

#include <errno.h>
#include <string.h>

/* Ends the connection's entry and returns what was in it. */
static struct fan_out_entry take_entry(struct conn *conn)
{
    struct fan_out_entry *entry = fan_out_entry(&conn->loop->fan_out, conn->fan_out);
    struct fan_out_entry taken = *entry;

    entry->conn = NULL;
    conn->fan_out = 0;
    return taken;
}

void conn_drop_fan_out(struct conn *conn)
{
    parcel_release(&conn->loop->pool, take_entry(conn).parcel);
}

void conn_queue_fan_out(struct conn *conn)
{
    struct fan_out_entry entry = take_entry(conn);

    if (!conn_queue_part(conn, entry.parcel, entry.offset, entry.end)) {
        conn->too_slow = true;
    }
    parcel_release(&conn->loop->pool, entry.parcel);
}

/* Whether the publication can join what stands in the fan-out. */
static bool joins_fan_out(struct conn *conn, const struct parcel *parcel)
{
    struct fan_out_entry *entry = fan_out_entry(&conn->loop->fan_out, conn->fan_out);

    return conn_admits(conn, entry->end - entry->offset, parcel->end - parcel->offset) &&
           fan_out_extend(entry, parcel);
}

static bool add_to_fan_out(struct conn *conn, struct parcel *parcel)
{
    if (conn->fan_out != 0) {
        return joins_fan_out(conn, parcel);
    }
    if (conn->outbox != NULL || conn->streaming || conn->loop->current == conn) {
        return false;
    }
    conn->fan_out = fan_out_add(&conn->loop->fan_out, conn, parcel);
    return conn->fan_out != 0;
}

static bool add_to_outbox(struct conn *conn, struct parcel *parcel)
{
    size_t length = parcel->end - parcel->offset;

    if (conn->fan_out != 0) {
        conn_queue_fan_out(conn);
    }
    if (conn->too_slow) {
        return false; /* what came before is lost, so nothing may follow */
    }
    if (!conn_admits(conn, conn_waiting(conn), length)) {
        conn_flush(conn); /* what this turn has brought has not been offered to the kernel yet */
    }
    return conn->state == CONN_OPEN && conn_admits(conn, conn_waiting(conn), length) &&
           conn_queue_parcel(conn, parcel, conn->streaming);
}

static void count_drop(struct conn *conn)
{
    counter_add(&conn->loop->counters,
                conn->state == CONN_OPEN ? COUNTER_DROPS_QUEUE_FULL : COUNTER_DROPS_CLOSING, 1);
}

void conn_deliver(struct conn *conn, struct parcel *parcel)
{
    if (conn->state != CONN_OPEN || conn->too_slow) {
        count_drop(conn);
        return;
    }
    if (!add_to_fan_out(conn, parcel) && !add_to_outbox(conn, parcel)) {
        conn->too_slow = true;
        conn_mark_dirty(conn);
        count_drop(conn);
        return;
    }
    conn->messages_out++;
    conn->bytes_out += parcel->payload_bytes;
    conn->message_ms = loop_now(conn->loop);
}

/* What the kernel has not taken waits, from the byte on that it has not. */
static void keep_unsent(struct conn *conn, size_t sent)
{
    struct fan_out_entry entry = take_entry(conn);
    bool kept = conn_queue_part(conn, entry.parcel, entry.offset + sent, entry.end);

    parcel_release(&conn->loop->pool, entry.parcel);
    if (kept) {
        conn_settle(conn);
    } else {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
    }
}

static void flush_entry(const struct fan_out_entry *entry)
{
    struct conn *conn = entry->conn;
    struct message *message = entry->parcel->message;
    struct iovec vector = {message->bytes + message->start + entry->offset,
                           entry->end - entry->offset};
    ssize_t sent = transport_write(&conn->transport, &vector, 1);

    if (sent == (ssize_t)vector.iov_len) {
        conn_drop_fan_out(conn);
        conn_note_rest(conn);
    } else if (sent == TRANSPORT_FAILED) {
        conn_peer_gone(conn, strerror(errno));
    } else {
        keep_unsent(conn, sent > 0 ? (size_t)sent : 0);
    }
}

void conn_flush_fan_out(struct loop *loop)
{
    struct fan_out *fan_out = &loop->fan_out;

    if (fan_out->count == 0) {
        return;
    }
    for (size_t i = 0; i < fan_out->count; i++) { /* nobody publishes meanwhile */
        if (fan_out->entries[i].conn != NULL) {
            flush_entry(&fan_out->entries[i]);
        }
    }
    fan_out_clear(fan_out);
}

/*
 * Frames that messages do not count. A frame is counted when it has arrived whole, or when it is
 * given to be sent, as a message is. Nothing is counted where the route has no counters, because
 * memory was short: neither are its messages.
 */
#include "net/conn.h"
#include "net/route_counters.h"

void conn_count_frame_in(struct conn *conn)
{
    if (conn->counters != NULL) {
        conn->counters->further.in++;
    }
}

void conn_count_frame_out(struct conn *conn)
{
    if (conn->counters != NULL) {
        conn->counters->further.out++;
    }
}

/* The counter is looked at between callbacks, and a callback's Pongs are dropped within it or have
 * been replaced before they were counted: nobody sees it fall. */
void conn_discount_pongs(struct conn *conn)
{
    if (conn->outbox != NULL && conn->counters != NULL) {
        conn->counters->further.out -= conn->outbox->pongs_dropped;
        conn->outbox->pongs_dropped = 0;
    }
}

/*
 * Server-sent events (HTML, section 9.2): one at once and then one a second, with their number and
 * the time. An event that finds the one before still waiting is left out, so a slow reader costs
 * no memory; its numbers have gaps.
 */
#include "net/conn.h"
#include "net/loop.h"

#include <stdio.h>
#include <time.h>

/* After an hour a stream ends, and the browser opens another. */
enum { EVENT_INTERVAL_MS = 1000, EVENTS_MAX = 3600, EVENT_MAX_BYTES = 128 };

/* Writes an event to `target` (EVENT_MAX_BYTES of room). Returns its size. */
static size_t write_event(char *target, int64_t number)
{
    struct timespec now;
    struct tm utc;
    char date[32];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%FT%T", &utc);
    return (size_t)snprintf(target, EVENT_MAX_BYTES,
                            "id: %lld\ndata: {\"count\":%lld,\"time\":\"%s.%03ldZ\"}\n\n",
                            (long long)number, (long long)number, date, now.tv_nsec / 1000000);
}

void conn_start_events(struct conn *conn)
{
    conn->opened_ms = loop_now(conn->loop);
    conn_send_event(conn);
}

void conn_send_event(struct conn *conn)
{
    int64_t number = (loop_now(conn->loop) - conn->opened_ms) / EVENT_INTERVAL_MS + 1;
    char event[EVENT_MAX_BYTES];

    conn->phase_end_ms = conn->opened_ms + number * EVENT_INTERVAL_MS;
    if (conn->outbox == NULL) {
        conn_send_response(conn, event, write_event(event, number));
    }
    if (conn->state == CONN_EVENTS && number >= EVENTS_MAX) {
        conn_end_events(conn);
    } else if (conn->state == CONN_EVENTS) {
        conn_schedule(conn);
    }
}

void conn_end_events(struct conn *conn)
{
    conn_set_state(conn, CONN_FINISHING);
    conn->phase_end_ms = loop_now(conn->loop) + conn->loop->snapshot->timeouts.close_ms;
    conn_schedule(conn);
}

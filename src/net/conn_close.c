/*
 * How connections end: RFC 6455 section 7.
 *
 * An orderly Close goes behind everything that is queued and then waits for the peer's. A failure
 * Close drops what is queued, and the connection is half-closed as soon as it has gone out:
 * nothing that a failing peer still sends is looked at, only read away, so that it gets our Close
 * and not a reset.
 */
#include "net/conn.h"

#include "base/log.h"
#include "net/loop.h"

#include <string.h>

/* The codes that the server closes with, and what counts them. */
static const struct close_kind {
    uint16_t code;
    bool orderly;
    int counter; /* enum counter, or -1 */
} close_kinds[] = {
    {CLOSE_NORMAL, true, -1},
    {CLOSE_GOING_AWAY, true, -1},
    {CLOSE_RESTART, true, -1},
    {CLOSE_PROTOCOL_ERROR, false, COUNTER_PROTOCOL_ERRORS},
    {CLOSE_UNACCEPTABLE_TYPE, false, -1},
    {CLOSE_INVALID_DATA, false, COUNTER_INVALID_DATA},
    {CLOSE_POLICY, false, COUNTER_POLICY},
    {CLOSE_TOO_BIG, false, COUNTER_TOO_BIG},
    {CLOSE_INTERNAL_ERROR, false, COUNTER_INTERNAL_ERRORS},
    {CLOSE_TRY_LATER, false, COUNTER_TOO_SLOW},
};

/* What closing with this code means, or NULL when it tells of no failure. */
static const struct close_kind *find_failure(uint16_t code)
{
    for (size_t i = 0; i < sizeof close_kinds / sizeof close_kinds[0]; i++) {
        if (close_kinds[i].code == code && !close_kinds[i].orderly) {
            return &close_kinds[i];
        }
    }
    return NULL;
}

/* Remembers why the connection ends; the first reason stays. */
static void record(struct conn *conn, uint16_t code, const char *reason)
{
    if (conn->close_code == 0) {
        conn->close_code = code;
        conn->close_reason = slice_of(reason);
    }
}

/* Words that are not static outlive the buffer that they came in. */
static void record_copy(struct conn *conn, uint16_t code, struct slice reason)
{
    char *copy = reason.length > 0 ? pool_alloc(&conn->loop->pool, reason.length, NULL) : NULL;

    conn->close_code = code;
    if (copy != NULL) {
        memcpy(copy, reason.data, reason.length);
        conn->close_reason = (struct slice){copy, reason.length};
        conn->reason_owned = true;
    }
}

static void record_peer_reason(struct conn *conn, uint16_t code, struct slice reason)
{
    if (conn->close_code == 0) {
        conn->closed_by_peer = true;
        record_copy(conn, code, reason);
    }
}

/* A handler that had paused reading no longer has a say: the peer's Close must be read. */
static void read_on(struct conn *conn)
{
    if (conn->paused) {
        conn->paused = false;
        conn_mark_runnable(conn);
        conn_update_watch(conn);
    }
}

/* The end has been begun, which may have been the end already. */
static void await_end(struct conn *conn)
{
    if (conn->state != CONN_DEAD) {
        read_on(conn);
        conn_schedule(conn);
    }
}

static void close_orderly(struct conn *conn, uint16_t code, struct slice reason)
{
    conn_set_state(conn, CONN_CLOSING);
    conn->phase_end_ms = 0; /* starts when the Close has been given to the kernel */
    conn_drop_held(conn);
    conn_queue_close(conn, code, reason);
}

static void close_failed(struct conn *conn, const struct close_kind *kind, struct slice reason)
{
    struct loop *loop = conn->loop;

    if (kind->counter >= 0) {
        counter_add(&loop->counters, (enum counter)kind->counter, 1);
    }
    conn_drop_unsent(conn);
    if (conn->state == CONN_DEAD) {
        return;
    }
    conn_set_state(conn, CONN_FINISHING);
    conn->phase_end_ms = loop_now(loop) + loop->snapshot->timeouts.close_ms;
    conn_queue_close(conn, kind->code, reason);
}

/* The code and the reason have been recorded. `failure` is NULL for an orderly end. */
static void close_open(struct conn *conn, uint16_t code, struct slice reason,
                       const struct close_kind *failure)
{
    if (failure == NULL) {
        close_orderly(conn, code, reason);
    } else {
        close_failed(conn, failure, reason);
    }
    await_end(conn);
}

void conn_close(struct conn *conn, uint16_t code, const char *reason)
{
    if (conn->state == CONN_OPEN) {
        record(conn, code, reason);
        close_open(conn, code, slice_of(reason), find_failure(code));
    }
}

void conn_close_orderly(struct conn *conn, uint16_t code, const char *reason)
{
    if (conn->state == CONN_OPEN) {
        record(conn, code, reason);
        close_open(conn, code, slice_of(reason), NULL);
    }
}

/* Goes on to the end behind what is queued; what comes in is not looked at any more. */
static void finish(struct conn *conn)
{
    conn_set_state(conn, CONN_FINISHING);
    conn->phase_end_ms = 0;
}

void conn_abort(struct conn *conn, const char *reason)
{
    if (conn->state == CONN_OPEN) {
        record(conn, CLOSE_ABNORMAL, reason);
        finish(conn);
        conn_drop_held(conn);
        await_end(conn);
    }
}

/* What flows until somebody ends it: messages, or events, whose stream has no closing words. */
static bool is_flowing(const struct conn *conn)
{
    return conn->state == CONN_OPEN || conn->state == CONN_EVENTS;
}

bool conn_close_as_told(struct conn *conn, uint16_t code, struct slice reason)
{
    if (!is_flowing(conn)) {
        return false;
    }
    conn_enter(conn);
    record_copy(conn, code, reason);
    if (conn->state == CONN_EVENTS) {
        conn_end_events(conn);
    } else {
        close_open(conn, code, reason, find_failure(code));
    }
    conn_leave(conn);
    return true;
}

/* RFC 6455 section 5.5.1: the answer repeats the code; it goes behind what is queued. */
void conn_peer_closed(struct conn *conn, uint16_t code, struct slice reason)
{
    bool answer = conn->state == CONN_OPEN;

    record_peer_reason(conn, code, reason);
    finish(conn);
    if (answer) {
        conn_drop_held(conn);
        conn_queue_close(conn, code, (struct slice){NULL, 0});
    }
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
}

/* How a connection has ended that was to end with the process. */
static void count_end(struct conn *conn)
{
    struct counters *counters = &conn->loop->counters;

    if (conn->state == CONN_LINGERING || (conn->state == CONN_FINISHING && conn->peer_finished)) {
        counter_add(counters, COUNTER_STOPPED_CLEAN, 1);
        return;
    }
    counter_add(counters, COUNTER_STOPPED_FORCED, 1);
    if (conn->outbox != NULL) {
        counter_add(counters, COUNTER_STOPPED_UNFLUSHED, 1);
    }
}

void conn_kill(struct conn *conn, uint16_t code, const char *reason)
{
    struct loop *loop = conn->loop;

    if (conn->state == CONN_DEAD) {
        return;
    }
    record(conn, code, reason);
    if (loop->current == conn) {
        loop->output.start = loop->output.used; /* nothing of it goes out any more */
    }
    if (loop->stopping && conn->opened) {
        count_end(conn);
    }
    conn_set_state(conn, CONN_DEAD);
    counter_add(&loop->counters, COUNTER_MESSAGES_IN, conn->messages_in);
    counter_add(&loop->counters, COUNTER_MESSAGES_OUT, conn->messages_out);
    counter_add(&loop->counters, COUNTER_BYTES_IN, conn->bytes_in);
    counter_add(&loop->counters, COUNTER_BYTES_OUT, conn->bytes_out);
    if (conn->counters != NULL) {
        traffic_add(&conn->counters->ended, &(struct traffic){conn->messages_in, conn->messages_out,
                                                              conn->bytes_in, conn->bytes_out});
    }
}

void conn_peer_gone(struct conn *conn, const char *reason)
{
    if (conn->state == CONN_OPEN) {
        counter_add(&conn->loop->counters, COUNTER_LOST_CONNECTIONS, 1);
        conn->closed_by_peer = true;
    }
    conn_kill(conn, CLOSE_ABNORMAL, reason);
}

/*
 * The peer's FIN. What it was still to be sent after its own Close goes out if it can; in any other
 * state nobody is there who would want it.
 */
void conn_peer_finished(struct conn *conn)
{
    if (conn->state == CONN_FINISHING) {
        conn->peer_finished = true;
        conn_update_watch(conn);
        return;
    }
    conn_peer_gone(conn, "the peer ended the connection without a Close frame");
}

static void half_close(struct conn *conn)
{
    transport_half_close(&conn->transport);
    if (conn->peer_finished) {
        conn_kill(conn, CLOSE_NORMAL, NULL);
        return;
    }
    conn_set_state(conn, CONN_LINGERING);
    conn->phase_end_ms = loop_now(conn->loop) + conn->loop->snapshot->timeouts.linger_ms;
    conn_schedule(conn);
}

void conn_after_flush(struct conn *conn)
{
    if (conn->outbox != NULL) {
        return;
    }
    if (conn->state == CONN_FINISHING) {
        half_close(conn);
    } else if (conn->state == CONN_CLOSING && !conn->close_flushed) {
        conn->close_flushed = true;
        conn->phase_end_ms = loop_now(conn->loop) + conn->loop->snapshot->timeouts.close_ms;
        conn_schedule(conn);
    }
}

/* Ends what has not been upgraded. */
static void refuse_unopened(struct conn *conn)
{
    static const struct http_refusal stopping = {.status = 503,
                                                 .reason = "The server is stopping."};

    if (conn->state == CONN_TLS_HANDSHAKE) {
        conn_kill(conn, CLOSE_GOING_AWAY, "the server is stopping");
    } else if (conn->state == CONN_UPGRADE) {
        conn_refuse(conn, &stopping);
    }
}

static void end_flow(struct conn *conn, uint16_t code, const char *reason)
{
    if (conn->state == CONN_EVENTS) {
        conn_end_events(conn);
    } else {
        conn_close(conn, code, reason);
    }
}

void conn_stop(struct conn *conn)
{
    conn_enter(conn);
    refuse_unopened(conn);
    end_flow(conn, CLOSE_GOING_AWAY, "the server is stopping");
    conn_leave(conn);
}

void conn_drain(struct conn *conn)
{
    conn_enter(conn);
    refuse_unopened(conn);
    if (is_flowing(conn)) {
        conn_send_away(conn);
    }
    conn_leave(conn);
}

void conn_send_away(struct conn *conn)
{
    conn->departing = true;
    if (is_flowing(conn)) {
        conn_schedule(conn);
    }
}

void conn_keep(struct conn *conn)
{
    bool was_leaving = conn->departing || conn->depart_due;

    conn->departing = false;
    conn->depart_due = false;
    if (was_leaving && is_flowing(conn)) {
        conn_schedule(conn);
    }
}

void conn_depart(struct conn *conn)
{
    const struct departure *departure = &conn->loop->departure;

    conn->departing = false;
    conn->depart_due = false;
    end_flow(conn, departure->code, departure->reason);
}

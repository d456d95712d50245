/*
 * Deadlines. A connection has at most one in the wheel: the earliest that its state knows.
 * Activity only stores the time; a deadline that has moved is entered again when it fires.
 */
#include "net/conn.h"
#include "net/loop.h"

#include <errno.h>
#include <sys/socket.h>

/* A connection ends up to a tenth of its maximum age early, so that those which came together do
 * not all come back together. */
enum { AGE_JITTER_PARTS = 10 };

/* When something that last happened at `since` is overdue; 0 (never) when its time is off. */
static int64_t after(int64_t since, int64_t duration_ms)
{
    return duration_ms > 0 ? since + duration_ms : 0;
}

static int64_t earliest(int64_t a, int64_t b)
{
    if (a == 0 || b == 0) {
        return a + b;
    }
    return a < b ? a : b;
}

/* The peer takes nothing of what waits for it. (What is held for the end of a streamed message does
 * not wait for the peer.) */
static int64_t send_end(const struct conn *conn)
{
    if (conn->outbox == NULL || !conn->blocked) {
        return 0;
    }
    return after(conn->outbox->progress_ms, conn->loop->snapshot->timeouts.send_ms);
}

static int64_t idle_end(const struct conn *conn)
{
    return after(conn->message_ms, conn->route->config.settings.idle_timeout_ms);
}

static int64_t age_end(const struct conn *conn)
{
    int64_t age_ms = conn->route->config.settings.max_connection_age_ms;
    int64_t end =
        after(conn->opened_ms, age_ms - age_ms / AGE_JITTER_PARTS * conn->age_jitter / UINT8_MAX);

    return conn->timing != NULL ? earliest(end, after(conn->opened_ms, conn->timing->max_age_ms))
                                : end;
}

static int64_t wake_end(const struct conn *conn)
{
    return conn->timing != NULL ? conn->timing->wake_ms : 0;
}

/* While reading is paused no Pong can arrive. */
static int64_t pong_end(const struct conn *conn)
{
    return conn->paused ? 0 : conn->phase_end_ms;
}

static int64_t ping_interval_ms(const struct conn *conn)
{
    return conn->timing != NULL && conn->timing->ping_interval_ms > 0
               ? conn->timing->ping_interval_ms
               : conn->route->config.settings.ping_interval_ms;
}

static int64_t ping_due(const struct conn *conn)
{
    if (conn->phase_end_ms != 0) {
        return 0;
    }
    return after(conn->alive_ms, ping_interval_ms(conn));
}

/* When it leaves because the server wants it to. */
static int64_t departure_end(const struct conn *conn)
{
    return conn->departing ? departure_moment_ms(&conn->loop->departure, conn) : 0;
}

static int64_t open_end(const struct conn *conn)
{
    int64_t end = earliest(send_end(conn), pong_end(conn));

    end = earliest(end, ping_due(conn));
    end = earliest(end, idle_end(conn));
    end = earliest(end, departure_end(conn));
    end = earliest(end, wake_end(conn));
    return earliest(end, age_end(conn));
}

static int64_t next_deadline(const struct conn *conn)
{
    switch (conn->state) {
    case CONN_OPEN:
        return open_end(conn);
    case CONN_EVENTS:
        return earliest(departure_end(conn), earliest(conn->phase_end_ms, send_end(conn)));
    case CONN_CLOSING:
    case CONN_FINISHING:
        return earliest(conn->phase_end_ms, send_end(conn));
    default:
        return conn->phase_end_ms;
    }
}

void conn_schedule(struct conn *conn)
{
    int64_t deadline_ms = next_deadline(conn);

    if (deadline_ms == 0) {
        wheel_cancel(&conn->loop->wheel, &conn->deadline);
    } else {
        wheel_set(&conn->loop->wheel, &conn->deadline, deadline_ms);
    }
}

void conn_send_timeout_changed(struct conn *conn)
{
    if (conn->state != CONN_DEAD) {
        conn_set_send_timeout(conn);
        conn_schedule(conn);
    }
}

void conn_set_timing(struct conn *conn, struct conn_timing *timing)
{
    conn->timing = timing;
}

/* What lies a tick back is due in the next turn. */
void conn_wake_after(struct conn *conn, int64_t delay_ms)
{
    if (conn->state == CONN_OPEN) {
        conn->timing->wake_ms = loop_now(conn->loop) + (delay_ms > 0 ? delay_ms : -WHEEL_TICK_MS);
        conn_schedule(conn);
    }
}

static bool is_past(int64_t deadline_ms, int64_t now_ms)
{
    return deadline_ms != 0 && deadline_ms <= now_ms;
}

static void count(struct conn *conn, enum counter counter)
{
    counter_add(&conn->loop->counters, counter, 1);
}

/* After a long stop of this process the answer may wait unread in the socket. */
static bool has_unread_input(const struct conn *conn)
{
    uint8_t byte;

    return recv(conn->transport.fd, &byte, 1, MSG_PEEK | MSG_DONTWAIT) > 0;
}

static void send_ping(struct conn *conn, int64_t now_ms)
{
    count(conn, COUNTER_PINGS);
    conn->phase_end_ms = after(now_ms, conn->route->config.settings.ping_timeout_ms);
    conn_send_control(conn, OPCODE_PING, (struct slice){NULL, 0});
}

static void pong_missing(struct conn *conn)
{
    if (has_unread_input(conn)) {
        conn->phase_end_ms = 0;
        conn->alive_ms = loop_now(conn->loop);
        return;
    }
    count(conn, COUNTER_PING_TIMEOUTS);
    conn_kill(conn, CLOSE_ABNORMAL, "the peer did not answer a Ping");
}

/* What others have published up to now may still be in the thread's mailbox: the Close waits for
 * the next turn, which takes it first. */
static void depart_soon(struct conn *conn)
{
    conn->departing = false;
    conn->depart_due = true;
    conn_mark_runnable(conn);
}

static void wake(struct conn *conn)
{
    conn->timing->wake_ms = 0;
    conn_call(conn, conn->handler->on_wake);
}

static void send_overdue(struct conn *conn)
{
    count(conn, COUNTER_SEND_TIMEOUTS);
    conn_kill(conn, CLOSE_ABNORMAL, "the peer took nothing for timeouts.send");
}

static void open_deadline(struct conn *conn, int64_t now_ms)
{
    if (is_past(send_end(conn), now_ms)) {
        send_overdue(conn);
    } else if (is_past(pong_end(conn), now_ms)) {
        pong_missing(conn);
    } else if (is_past(departure_end(conn), now_ms)) {
        depart_soon(conn);
    } else if (is_past(idle_end(conn), now_ms)) {
        count(conn, COUNTER_IDLE_TIMEOUTS);
        conn_close(conn, CLOSE_POLICY, "no message for the route's idle_timeout");
    } else if (is_past(age_end(conn), now_ms)) {
        count(conn, COUNTER_AGE_LIMITS);
        conn_close(conn, CLOSE_GOING_AWAY, "the connection has reached its maximum age");
    } else if (is_past(ping_due(conn), now_ms)) {
        send_ping(conn, now_ms);
    } else if (is_past(wake_end(conn), now_ms)) {
        wake(conn);
    }
}

/* What the end of each phase but CONN_OPEN means. */
static const struct phase_end {
    enum counter counter;
    bool counted;
    const char *reason;
} phase_ends[CONN_STATE_COUNT] = {
    [CONN_TLS_HANDSHAKE] = {COUNTER_HANDSHAKE_TIMEOUTS, true,
                            "the TLS handshake took longer than timeouts.tls"},
    [CONN_UPGRADE] = {COUNTER_HANDSHAKE_TIMEOUTS, true,
                      "the handshake took longer than timeouts.handshake"},
    [CONN_CLOSING] = {COUNTER_CLOSE_TIMEOUTS, true,
                      "the peer did not answer the Close within timeouts.close"},
    [CONN_FINISHING] = {COUNTER_CLOSE_TIMEOUTS, true,
                        "the peer did not take the Close within timeouts.close"},
    [CONN_LINGERING] = {COUNTER_CLOSE_TIMEOUTS, false, NULL},
};

/* What has not been opened finishes with an answer. */
static const struct phase_end unanswered = {COUNTER_HANDSHAKE_TIMEOUTS, true,
                                            "the peer did not take the answer in time"};

static void phase_deadline(struct conn *conn)
{
    const struct phase_end *end =
        conn->state == CONN_FINISHING && !conn->opened ? &unanswered : &phase_ends[conn->state];

    if (end->counted) {
        count(conn, end->counter);
    }
    conn_kill(conn, CLOSE_ABNORMAL, end->reason);
}

static void events_deadline(struct conn *conn, int64_t now_ms)
{
    if (is_past(send_end(conn), now_ms)) {
        send_overdue(conn);
    } else if (is_past(departure_end(conn), now_ms)) {
        depart_soon(conn);
    } else if (is_past(conn->phase_end_ms, now_ms)) {
        conn_send_event(conn);
    }
}

void conn_deadline_due(struct wheel_entry *entry, void *argument)
{
    struct conn *conn = container_of(entry, struct conn, deadline);
    struct loop *loop = argument;
    int64_t now_ms = loop_now(loop);

    conn_enter(conn);
    if (conn->state == CONN_OPEN) {
        open_deadline(conn, now_ms);
    } else if (conn->state == CONN_EVENTS) {
        events_deadline(conn, now_ms);
    } else if (is_past(next_deadline(conn), now_ms)) {
        phase_deadline(conn);
    }
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
    conn_leave(conn);
}

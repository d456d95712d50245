/*
 * The life of a connection: making, dispatching, freeing.
 */
#include "net/conn.h"

#include "base/log.h"
#include "net/conn_scan.h"
#include "net/loop.h"
#include "net/socket_options.h"

#include <assert.h>
#include <errno.h>
#include <netinet/in.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

_Static_assert(offsetof(struct conn, watch) == 0 && offsetof(struct conn, dirty) <= WATCH_HOT_BYTES,
               "what every message touches is fetched beforehand");

#define MOVE(state) (1U << (state))

/* Every state, its name and the states that may follow. */
static const struct {
    const char *name;
    unsigned next;
} states[CONN_STATE_COUNT] = {
    [CONN_TLS_HANDSHAKE] = {"tls-handshake",
                            MOVE(CONN_UPGRADE) | MOVE(CONN_FINISHING) | MOVE(CONN_DEAD)},
    [CONN_UPGRADE] = {"upgrade",
                      MOVE(CONN_OPEN) | MOVE(CONN_EVENTS) | MOVE(CONN_FINISHING) | MOVE(CONN_DEAD)},
    [CONN_OPEN] = {"open", MOVE(CONN_CLOSING) | MOVE(CONN_FINISHING) | MOVE(CONN_DEAD)},
    [CONN_CLOSING] = {"closing", MOVE(CONN_FINISHING) | MOVE(CONN_DEAD)},
    [CONN_EVENTS] = {"events", MOVE(CONN_FINISHING) | MOVE(CONN_DEAD)},
    [CONN_FINISHING] = {"finishing", MOVE(CONN_LINGERING) | MOVE(CONN_DEAD)},
    [CONN_LINGERING] = {"lingering", MOVE(CONN_DEAD)},
    [CONN_DEAD] = {"dead", 0},
};

const char *conn_state_name(enum conn_state state)
{
    return states[state].name;
}

void conn_set_state(struct conn *conn, enum conn_state state)
{
    assert((states[conn->state].next & MOVE(state)) != 0);
    log_debug("state changed", LOG_NUMBER("fd", conn->transport.fd),
              LOG_TEXT("from", states[conn->state].name), LOG_TEXT("to", states[state].name));
    conn->state = state;
    if (state != CONN_UPGRADE && conn->pending_counted) {
        conn->pending_counted = false;
        admission_end_pending(conn->loop->admission);
    }
    if (state == CONN_DEAD) {
        watch_stop(&conn->watch);
        if (conn->fan_out != 0) {
            conn_drop_fan_out(conn);
        }
        wheel_cancel(&conn->loop->wheel, &conn->deadline);
        conn_scan_leaving(conn->loop, conn);
        list_remove(&conn->node);
        list_append(&conn->loop->graveyard, &conn->node);
    }
}

/* ---- making and freeing ---- */

void conn_set_send_timeout(const struct conn *conn)
{
    if (conn->peer.family != AF_UNIX) {
        socket_options_set_send_timeout(conn->transport.fd, conn->loop->snapshot->timeouts.send_ms);
    }
}

static struct conn *conn_allocate(struct loop *loop)
{
    struct conn *conn = calloc(1, sizeof *conn);

    if (conn != NULL) {
        conn->loop = loop;
        wheel_entry_init(&conn->deadline);
        list_init(&conn->node);
    }
    return conn;
}

static int64_t handshake_ms(const struct loop *loop)
{
    return loop->snapshot->timeouts.handshake_ms;
}

/* The TLS handshake is part of the whole, which may have the shorter time. */
static int64_t tls_handshake_ms(const struct loop *loop)
{
    int64_t tls_ms = loop->snapshot->timeouts.tls_ms;

    return tls_ms < handshake_ms(loop) ? tls_ms : handshake_ms(loop);
}

static bool conn_start(struct conn *conn)
{
    struct loop *loop = conn->loop;

    struct tls_context *tls = conn->listener->tls;

    if (tls != NULL && !transport_start_tls(&conn->transport, &loop->wire, tls)) {
        return false;
    }
    conn->state = tls != NULL ? CONN_TLS_HANDSHAKE : CONN_UPGRADE;
    conn->phase_end_ms =
        conn->opened_ms + (tls != NULL ? tls_handshake_ms(loop) : handshake_ms(loop));
    return watch_start(&loop->watches, &conn->watch, conn->transport.fd);
}

bool conn_create(struct loop *loop, int fd, struct listener *listener, const struct peer *peer,
                 enum admission_verdict verdict)
{
    struct conn *conn = conn_allocate(loop);

    if (conn == NULL) {
        goto refused;
    }
    conn->transport.fd = fd;
    conn->listener = listener;
    conn->peer = *peer;
    conn->admission = verdict;
    conn->opened_ms = loop_now(loop);
    conn->alive_ms = conn->opened_ms;
    conn->age_jitter = (uint8_t)loop_random(loop);
    if (!conn_start(conn)) {
        goto refused;
    }
    conn->pending_counted = verdict == ADMISSION_GRANTED;
    conn->number = ++loop->last_number;
    list_append(&loop->connections, &conn->node);
    loop->connection_count++;
    counter_add(&loop->counters, COUNTER_CONNECTIONS, 1);
    conn_schedule(conn);
    return true;

refused:
    log_error("no memory for a connection: it was closed", LOG_NUMBER("fd", fd));
    if (conn != NULL) {
        transport_free(&conn->transport);
        free(conn);
    }
    listener_leave(listener);
    (void)close(fd);
    if (verdict == ADMISSION_GRANTED) {
        admission_end_pending(loop->admission);
    }
    admission_leave(loop->admission, verdict);
    return false;
}

/* A connection that died outside its own callback has not had its on_close. */
static void detach(struct conn *conn)
{
    if (conn->attached) {
        conn_enter(conn);
        conn_leave(conn);
    }
}

static void free_parts(struct conn *conn)
{
    struct pool *pool = &conn->loop->pool;

    transport_free(&conn->transport);
    outbox_free(pool, conn->outbox);
    if (conn->inbound != NULL) {
        inbound_reset(pool, conn->inbound);
        pool_free(pool, conn->inbound, sizeof *conn->inbound);
    }
    conn_free_head(conn);
    free(conn->handler_state);
    route_release(conn->route);
    listener_leave(conn->listener);
    if (conn->reason_owned) {
        pool_free(pool, (char *)(uintptr_t)conn->close_reason.data, conn->close_reason.length);
    }
}

/* The log line comes when the descriptor and the place under the limits are free again. */
void conn_destroy(struct conn *conn)
{
    struct loop *loop = conn->loop;

    assert(conn->state == CONN_DEAD);
    detach(conn);
    list_remove(&conn->node);
    transport_close(&conn->transport); /* and so out of the epoll set, which has our address */
    admission_leave(loop->admission, conn->admission);
    conn_log_closed(conn);
    if (conn->opened) {
        loop->tally.closes[conn->closed_by_peer ? 1 : 0][close_class(conn->close_code)]++;
    }
    free_parts(conn);
    free(conn);
    loop->connection_count--;
    if (loop->connection_gone != NULL) {
        loop->connection_gone(loop);
    }
}

/* ---- the frame around every callback ---- */

void conn_enter(struct conn *conn)
{
    assert(conn->loop->current == NULL);
    conn->loop->current = conn;
    conn->loop->deliveries = 0;
    if (conn->fan_out != 0) {
        conn_queue_fan_out(conn);
    }
}

/* Moves what is incomplete from the loop into the connection, or frees what is complete. */
static void settle_inbound(struct conn *conn)
{
    struct loop *loop = conn->loop;

    if (conn->inbound != NULL) {
        if (conn->state >= CONN_FINISHING || inbound_idle(conn->inbound)) {
            inbound_reset(&loop->pool, conn->inbound);
            pool_free(&loop->pool, conn->inbound, sizeof *conn->inbound);
            conn->inbound = NULL;
        }
        return;
    }
    if (conn->state < CONN_FINISHING && !inbound_idle(&loop->inbound)) {
        conn->inbound = pool_alloc(&loop->pool, sizeof *conn->inbound, NULL);
        if (conn->inbound != NULL) {
            *conn->inbound = loop->inbound;
            loop->inbound = (struct inbound){0};
            return;
        }
        conn_close(conn, CLOSE_INTERNAL_ERROR, "memory is short");
    }
    if (loop->inbound.assembly != NULL || !inbound_idle(&loop->inbound)) {
        inbound_reset(&loop->pool, &loop->inbound);
    }
}

/* Runs on_close for a connection that has stopped being open in the callback at hand. */
static void run_on_close(struct conn *conn)
{
    if (!conn->attached || conn->state == CONN_OPEN) {
        return;
    }
    conn->attached = false;
    if (conn->handler->on_close != NULL) {
        conn->handler->on_close(conn);
    }
}

void conn_leave(struct conn *conn)
{
    struct loop *loop = conn->loop;

    settle_inbound(conn);
    if (conn->too_slow && conn->state == CONN_OPEN) {
        counter_add(&loop->counters, COUNTER_SLOW_READERS, 1);
        conn_close(conn, CLOSE_TRY_LATER, "the receiver is too slow: its queue is full");
    }
    if (conn->state != CONN_DEAD && (output_length(&loop->output) > 0 || conn->outbox != NULL)) {
        conn_flush(conn);
    }
    if (conn->state != CONN_DEAD) {
        conn_after_flush(conn);
    }
    run_on_close(conn);
    output_clear(&loop->output);
    loop->current = NULL;
}

/* ---- events ---- */

void conn_update_watch(struct conn *conn)
{
    unsigned wanted = 0;

    if (!conn->paused && !conn->peer_finished) {
        wanted |= WATCH_READ;
    }
    if (conn->blocked) {
        wanted |= WATCH_WRITE;
    }
    if (conn->state != CONN_DEAD && !watch_want(&conn->loop->watches, &conn->watch, wanted)) {
        conn_kill(conn, CLOSE_ABNORMAL, "the event loop refused the descriptor");
    }
}

void *conn_state(const struct conn *conn)
{
    return conn->handler_state;
}

const void *conn_handler_settings(const struct conn *conn)
{
    return conn->route->config.handler_settings;
}

struct loop *conn_loop(const struct conn *conn)
{
    return conn->loop;
}

int64_t conn_now_ms(const struct conn *conn)
{
    return loop_now(conn->loop);
}

uint32_t conn_random(const struct conn *conn)
{
    return loop_random(conn->loop);
}

void conn_pause(struct conn *conn)
{
    if (conn->state == CONN_OPEN && !conn->paused) {
        conn->paused = true;
        conn_update_watch(conn);
    }
}

/* Reading stopped the clock of an outstanding Ping: the peer gets its time anew. */
void conn_resume(struct conn *conn)
{
    if (!conn->paused) {
        return;
    }
    conn->paused = false;
    conn->phase_end_ms = 0;
    conn->alive_ms = loop_now(conn->loop);
    conn_update_watch(conn);
    conn_mark_runnable(conn);
    conn_schedule(conn);
}

/* An open connection's phase is that of an outstanding Ping. */
static void note_round_trip(struct conn *conn)
{
    int64_t sent_ms = conn->phase_end_ms - conn->route->config.settings.ping_timeout_ms;
    int64_t duration_ms = conn->alive_ms - sent_ms;

    durations_add(&conn->loop->tally.round_trips, &round_trip_bounds,
                  duration_ms > 0 ? (uint64_t)duration_ms * 1000 : 0);
}

/* No Pong is awaited any more; the next Ping is due earlier than it was. Apart from the rest, which
 * every read goes through: 25 instructions less there. */
static __attribute__((noinline)) void end_wait_for_pong(struct conn *conn)
{
    note_round_trip(conn);
    conn->phase_end_ms = 0;
    conn_schedule(conn);
}

/* Whatever arrives proves that the peer lives. */
void conn_note_alive(struct conn *conn)
{
    conn->alive_ms = loop_now(conn->loop);
    if (conn->state == CONN_OPEN && conn->phase_end_ms != 0) {
        end_wait_for_pong(conn);
    }
}

static void take_input(struct conn *conn, const uint8_t *bytes, size_t length)
{
    conn_note_alive(conn);
    if (conn->state == CONN_UPGRADE) {
        conn_upgrade_input(conn, bytes, length);
    } else if (conn->state == CONN_OPEN || conn->state == CONN_CLOSING) {
        conn_receive(conn, bytes, length);
    } /* in any other state nothing is looked at any more */
}

/* An end or a failure that TLS has found behind other bytes announces itself to nobody. */
static void note_pending(struct conn *conn)
{
    if (transport_has_pending(&conn->transport)) {
        conn_mark_runnable(conn);
    }
}

/* One bounded read and everything in it. */
static void read_input(struct conn *conn)
{
    uint8_t *input = output_input(&conn->loop->output);
    ssize_t length = transport_read(&conn->transport, input, INPUT_BYTES);

    if (length == TRANSPORT_FAILED) {
        conn_peer_gone(conn, strerror(errno));
        return;
    }
    conn_note_rest(conn);
    if (length > 0) {
        take_input(conn, input, (size_t)length);
        note_pending(conn);
    } else if (length == 0) {
        conn_peer_finished(conn);
    }
}

static void count_tls_handshake(struct conn *conn)
{
    static const enum counter handshakes[2][2] = {
        {COUNTER_TLS_1_2, COUNTER_TLS_1_2_RESUMED},
        {COUNTER_TLS_1_3, COUNTER_TLS_1_3_RESUMED},
    };
    bool is_1_3 = strcmp(transport_tls_version(&conn->transport), "TLSv1.3") == 0;
    bool resumed = transport_tls_resumed(&conn->transport);

    counter_add(&conn->loop->counters, handshakes[is_1_3][resumed], 1);
}

/* A request may have come together with the end of the handshake; it is in the thread's buffer,
 * which the next connection will need. */
static void end_tls_handshake(struct conn *conn)
{
    count_tls_handshake(conn);
    conn_set_state(conn, CONN_UPGRADE);
    conn->phase_end_ms = conn->opened_ms + handshake_ms(conn->loop);
    conn_schedule(conn);
    if (transport_has_pending(&conn->transport)) {
        read_input(conn);
    }
}

static void continue_tls_handshake(struct conn *conn)
{
    static const struct http_refusal plain = {
        .status = 400, .reason = "This port speaks TLS: use wss:// or https://."};
    const char *why = NULL;

    switch (transport_handshake(&conn->transport, &why)) {
    case TRANSPORT_HANDSHAKE_DONE:
        end_tls_handshake(conn);
        break;
    case TRANSPORT_HANDSHAKE_WANTS_READ:
        break;
    case TRANSPORT_HANDSHAKE_PLAIN_HTTP:
        transport_free(&conn->transport); /* so the answer is plain, too */
        conn_refuse(conn, &plain);
        break;
    case TRANSPORT_HANDSHAKE_FAILED:
        counter_add(&conn->loop->counters, COUNTER_TLS_FAILURES, 1);
        conn_kill(conn, CLOSE_ABNORMAL, why);
        break;
    }
    conn_note_rest(conn);
}

/* Something that has been received is still to be looked at: the socket is not read before. */
static bool has_kept(const struct conn *conn)
{
    return conn->inbound != NULL && (conn->inbound->stash != NULL || conn->inbound->close_waits);
}

void conn_ready(struct watch *watch, unsigned what)
{
    struct conn *conn = container_of(watch, struct conn, watch);

    conn_enter(conn);
    if ((what & WATCH_WRITE) != 0) {
        conn_writable(conn);
    }
    if ((what & WATCH_READ) != 0 && conn->state != CONN_DEAD && !has_kept(conn)) {
        if (conn->state == CONN_TLS_HANDSHAKE) {
            continue_tls_handshake(conn);
        } else {
            read_input(conn);
        }
    }
    conn_leave(conn);
}

void conn_call(struct conn *conn, void (*callback)(struct conn *conn))
{
    uint64_t sent_before = conn->messages_out;

    if (callback != NULL) {
        callback(conn);
    }
    if (conn->messages_out != sent_before) {
        conn->message_ms = loop_now(conn->loop);
    }
}

/* ---- work at the end of the turn ---- */

void conn_mark_dirty(struct conn *conn)
{
    if (!queue_holds(&conn->dirty) && conn->loop->current != conn && conn->state != CONN_DEAD) {
        queue_append(&conn->loop->dirty, &conn->dirty);
    }
}

void conn_mark_runnable(struct conn *conn)
{
    if (!queue_holds(&conn->runnable) && conn->state != CONN_DEAD) {
        queue_append(&conn->loop->runnable, &conn->runnable);
    }
}

void conn_flush_dirty(struct conn *conn)
{
    if (conn->state == CONN_DEAD) {
        return;
    }
    conn_enter(conn);
    conn_leave(conn);
}

void conn_run(struct conn *conn)
{
    if (conn->state == CONN_DEAD) {
        return;
    }
    conn_enter(conn);
    if (conn->writable_due && conn->state == CONN_OPEN) {
        conn->writable_due = false;
        conn_call(conn, conn->handler->on_writable);
    }
    if (conn->depart_due) {
        conn_depart(conn);
    }
    if (!conn->paused) {
        if (has_kept(conn)) {
            conn_receive_kept(conn);
            note_pending(conn);
        } else if (output_length(&conn->loop->output) > 0) {
            note_pending(conn); /* input needs the buffer to itself */
        } else if (transport_has_pending(&conn->transport)) {
            read_input(conn);
        }
    }
    conn_leave(conn);
}

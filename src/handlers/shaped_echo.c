/*
 * An echo that is shaped by the query: late, incomplete, in fragments, many times, or closed.
 *
 * Every message goes through a queue of the connection's own, in which it waits for its time. From
 * there it is sent frame by frame for as long as the peer keeps up. When the queue is full reading
 * pauses, so a connection holds no more than its limits and one message.
 */
#include "handlers/shaped_echo.h"

#include "handlers/echo.h"
#include "handlers/echo_controls.h"
#include "handlers/echo_queue.h"
#include "handlers/info.h"
#include "protocol/frame.h"

/* What is sent from one wake-up to the next, which comes when others on the thread have had their
 * turn, however many messages come in between. */
enum { FRAMES_PER_WAKE = 4096 };

struct shaped_echo {
    struct conn_timing timing;
    struct echo_controls controls;
    struct echo_queue queue;
    uint32_t received; /* messages, while a close waits for them */
    bool congested;    /* the peer is too slow: on_writable is awaited */
    bool begun;        /* the greeting has been sent, and the close that waits for no message */
    int frames_left;   /* of FRAMES_PER_WAKE */
    size_t sent;       /* bytes of the first message, of the copy that is being sent in fragments */
    char problem[ECHO_CONTROLS_PROBLEM_BYTES];
};

/* ---- the close that was asked for ---- */

static void close_as_asked(struct conn *conn, const struct echo_controls *controls)
{
    if (controls->close_code == CLOSE_ABNORMAL) {
        conn_abort(conn, "the query asked for an end without a Close frame");
    } else {
        conn_close_orderly(conn, (uint16_t)controls->close_code, controls->reason);
    }
}

/* ---- sending ---- */

static void note_result(struct conn *conn, struct shaped_echo *echo, enum send_result result)
{
    if (result == SEND_CONGESTED) {
        echo->congested = true;
    } else if (!send_was_queued(result)) {
        echo_answer_result(conn, result);
        echo->congested = true; /* nothing more is sent */
    }
}

/* Sends the next fragment of a copy. */
static enum send_result send_fragment(struct conn *conn, struct shaped_echo *echo,
                                      const struct held_message *message)
{
    const uint8_t *bytes = message->bytes + echo->sent;
    size_t left = message->length - echo->sent;

    if (echo->sent == 0) {
        conn_send_begin(conn, message->type);
    }
    if (left > echo->controls.chunk_bytes) {
        echo->sent += echo->controls.chunk_bytes;
        return conn_send_chunk(conn, bytes, echo->controls.chunk_bytes);
    }
    echo->sent = 0;
    return conn_send_end(conn, bytes, left);
}

/* Sends the next frame of the first message. */
static void send_frame(struct conn *conn, struct shaped_echo *echo, struct held_message *message)
{
    size_t chunk_bytes = echo->controls.chunk_bytes;
    enum send_result result = chunk_bytes > 0 && message->length > chunk_bytes
                                  ? send_fragment(conn, echo, message)
                                  : conn_send(conn, message->type, message->bytes, message->length);

    if (echo->sent == 0) {
        message->copies--;
    }
    note_result(conn, echo, result);
}

/* All copies of the first message have been sent. */
static void end_message(struct conn *conn, struct shaped_echo *echo, bool is_last)
{
    echo_queue_drop_first(&echo->queue);
    if (is_last) {
        close_as_asked(conn, &echo->controls);
    }
}

/* Sends what is due, as long as the peer keeps up and there are frames left. */
static void send_due(struct conn *conn, struct shaped_echo *echo)
{
    int64_t now_ms = conn_now_ms(conn);
    struct held_message *first;

    for (; echo->frames_left > 0 && !echo->congested; echo->frames_left--) {
        first = echo_queue_first(&echo->queue);
        if (first == NULL || first->due_ms > now_ms) {
            break;
        }
        if (first->copies > 0) {
            send_frame(conn, echo, first);
        }
        if (first->copies == 0) {
            end_message(conn, echo, first->is_last);
        }
    }
}

/* Sees to being called again, and reads as long as there is room. */
static void go_on(struct conn *conn, const struct shaped_echo *echo)
{
    const struct echo_settings *settings = conn_handler_settings(conn);
    const struct held_message *first = echo_queue_first(&echo->queue);
    int64_t now_ms = conn_now_ms(conn);

    if (first != NULL && !echo->congested) {
        conn_wake_after(conn, first->due_ms > now_ms ? first->due_ms - now_ms : 0);
    }
    if (echo_queue_full(&echo->queue, &settings->queue)) {
        conn_pause(conn);
    } else {
        conn_resume(conn);
    }
}

static void shaped_echo_wake(struct conn *conn)
{
    struct shaped_echo *echo = conn_state(conn);

    echo->frames_left = FRAMES_PER_WAKE;
    send_due(conn, echo);
    go_on(conn, echo);
}

/* What comes before any echo, as soon as the peer has taken what was sent before. */
static void begin(struct conn *conn, struct shaped_echo *echo)
{
    echo->begun = true;
    note_result(conn, echo, echo_greet(conn));
    if (echo->controls.close_code != 0 && echo->controls.after_messages == 0) {
        close_as_asked(conn, &echo->controls);
    }
}

static void shaped_echo_writable(struct conn *conn)
{
    struct shaped_echo *echo = conn_state(conn);

    echo->congested = false;
    if (!echo->begun) {
        begin(conn, echo);
    }
    shaped_echo_wake(conn);
}

/* ---- receiving ---- */

static bool chance(const struct conn *conn, uint32_t percent)
{
    return conn_random(conn) % 100 < percent;
}

/* How long a message has to wait. It then still waits for those before it. */
static int64_t delay_ms(const struct conn *conn, const struct echo_controls *controls)
{
    return (int64_t)controls->delay_ms + conn_random(conn) % (controls->jitter_ms + 1);
}

static bool is_last(struct shaped_echo *echo)
{
    if (echo->controls.close_code == 0) {
        return false;
    }
    echo->received++;
    return echo->received == echo->controls.after_messages;
}

static void shaped_echo_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                                size_t length)
{
    struct shaped_echo *echo = conn_state(conn);
    bool dropped = chance(conn, echo->controls.drop_percent);
    bool last = is_last(echo);
    struct held_message *message;

    if (dropped && !last) {
        return;
    }
    message = echo_queue_append(&echo->queue, type, bytes, dropped ? 0 : length);
    if (message == NULL) {
        conn_close(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    message->copies = dropped ? 0 : echo->controls.repeat;
    message->is_last = last;
    message->due_ms = conn_now_ms(conn) + delay_ms(conn, &echo->controls);
    send_due(conn, echo);
    go_on(conn, echo);
}

/* ---- opening and closing ---- */

static void shaped_echo_open(struct conn *conn, const struct upgrade_info *info)
{
    struct shaped_echo *echo = conn_state(conn);

    if (echo->controls.info != 0) {
        note_result(conn, echo, info_send(conn, info));
    }
    if (!echo->congested) {
        begin(conn, echo);
    }
}

static void shaped_echo_close(struct conn *conn)
{
    struct shaped_echo *echo = conn_state(conn);

    echo_queue_clear(&echo->queue);
}

static const struct handler shaped_echo_handler = {
    .schema = {.name = "echo"},
    .state_bytes = sizeof(struct shaped_echo),
    .on_open = shaped_echo_open,
    .on_message = shaped_echo_message,
    .on_writable = shaped_echo_writable,
    .on_wake = shaped_echo_wake,
    .on_close = shaped_echo_close,
};

static void apply(struct conn *conn, struct shaped_echo *echo)
{
    echo->frames_left = FRAMES_PER_WAKE;
    echo->timing.ping_interval_ms = echo->controls.ping_ms;
    echo->timing.max_age_ms = echo->controls.max_age_ms;
    conn_set_timing(conn, &echo->timing);
    if (echo->controls.subprotocol[0] != '\0') {
        conn_set_subprotocol(conn, echo->controls.subprotocol);
    }
}

enum upgrade_decision shaped_echo_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason)
{
    struct shaped_echo *echo;

    if (!conn_become(conn, &shaped_echo_handler)) {
        *status = 503;
        *reason = "The server is short of memory.";
        return UPGRADE_REFUSE;
    }
    echo = conn_state(conn);
    if (!echo_controls_parse(info->query, &echo->controls, echo->problem)) {
        *status = 400;
        *reason = echo->problem;
        return UPGRADE_REFUSE;
    }
    if (echo->controls.status != 0) {
        *status = (int)echo->controls.status;
        *reason = "The query asked for this status.";
        return UPGRADE_REFUSE;
    }
    apply(conn, echo);
    return UPGRADE_ACCEPT;
}

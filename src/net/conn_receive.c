/*
 * Frames in: RFC 6455 sections 5 and 6.2, from received bytes to the handler.
 *
 * A payload is unmasked exactly once, and the unmasking is the only copy. When all that the
 * handler is to get at once lies in the bytes at hand, it is unmasked into the callback's output
 * buffer, right where it would have to stand to be sent back; otherwise into a message of the
 * connection's own, which can be queued or published as it is.
 */
#include "net/conn.h"
#include "net/loop.h"
#include "protocol/close.h"
#include "protocol/whole_frame.h"

#include <string.h>

/* A handler that does not send back is given longer payloads in a message of their own, so that
 * publishing them copies nothing. */
enum { PUBLISH_COPY_BYTES = 4096 };

struct inbound *conn_inbound(struct conn *conn)
{
    return conn->inbound != NULL ? conn->inbound : &conn->loop->inbound;
}

static void fail(struct conn *conn, const struct frame_failure *failure)
{
    conn_close(conn, (uint16_t)failure->code, failure->reason);
}

static void fail_text(struct conn *conn)
{
    conn_close(conn, CLOSE_INVALID_DATA, "a text message is not valid UTF-8");
}

/* ---- control frames ---- */

static void handle_close(struct conn *conn, struct slice payload)
{
    struct close_body body;
    struct frame_failure failure;

    if (close_body_parse(payload, &body, &failure)) {
        conn_peer_closed(conn, body.code, body.reason);
    } else if (conn->state == CONN_OPEN) {
        fail(conn, &failure);
    } else {
        conn_peer_closed(conn, CLOSE_PROTOCOL_ERROR, slice_of(failure.reason));
    }
}

/* A Pong is a sign of life by having arrived; nothing else is in it (RFC 6455 section 5.5.3). */
static void handle_control(struct conn *conn, struct slice payload)
{
    switch (conn_inbound(conn)->decoder.frame_opcode) {
    case OPCODE_CLOSE:
        handle_close(conn, payload);
        break;
    case OPCODE_PING:
        if (conn->state == CONN_OPEN) {
            conn_send_control(conn, OPCODE_PONG, payload);
        }
        break;
    default:
        break;
    }
}

/* A Close that comes before something that was accepted for the connection is looked at later. */
static bool close_must_wait(struct conn *conn, struct inbound *inbound)
{
    return inbound->decoder.frame_opcode == OPCODE_CLOSE && conn->state == CONN_OPEN &&
           conn->handler->is_caught_up != NULL &&
           !conn->handler->is_caught_up(conn, &inbound->close_mark);
}

/* The payload is complete. */
static void end_control(struct conn *conn)
{
    struct inbound *inbound = conn_inbound(conn);
    struct slice payload = {(const char *)inbound->control, inbound->control_length};

    inbound->close_waits = close_must_wait(conn, inbound);
    if (inbound->close_waits) {
        conn_mark_runnable(conn);
        return;
    }
    inbound->control_length = 0;
    inbound->close_mark = 0;
    conn_count_frame_in(conn);
    handle_control(conn, payload);
    frame_finish(&inbound->decoder);
}

static void receive_control(struct conn *conn, const uint8_t *bytes, size_t length)
{
    struct inbound *inbound = conn_inbound(conn);

    frame_payload(&inbound->decoder, inbound->control + inbound->control_length, bytes, length);
    inbound->control_length = (uint8_t)(inbound->control_length + length);
    if (inbound->decoder.remaining == 0) {
        end_control(conn);
    }
}

/* ---- data frames ---- */

static inline void call_handler(struct conn *conn, enum message_type type, const uint8_t *bytes,
                                size_t length, bool first, bool last)
{
    const struct handler *handler = conn->handler;

    if (first && last && handler->on_message != NULL) {
        handler->on_message(conn, type, bytes, length);
    } else if (handler->on_chunk != NULL) {
        handler->on_chunk(conn, type, bytes, length, first, last);
    }
}

static void deliver(struct conn *conn, const uint8_t *bytes, size_t length, bool last)
{
    struct inbound *inbound = conn_inbound(conn);
    bool first = !inbound->chunked;

    inbound->chunked = !last;
    conn->bytes_in += length;
    conn->messages_in += last;
    conn->message_ms = loop_now(conn->loop);
    call_handler(conn, inbound->decoder.message_opcode, bytes, length, first, last);
}

/*
 * Whether the handler gets what there is now: the end of a message always; before it only a
 * handler of chunks, of a message known to be long, and not too little of it.
 */
static bool is_due(const struct conn *conn, const struct inbound *inbound, size_t available,
                   bool last)
{
    return last ||
           (conn->handler->on_chunk != NULL && inbound->decoder.message_bytes > CHUNK_WHOLE_BYTES &&
            available >= CHUNK_LEAST_BYTES);
}

/* Whether a payload may be unmasked into the output buffer. */
static bool goes_direct(const struct conn *conn, const struct inbound *inbound, size_t length)
{
    return inbound->collected == 0 && conn->outbox == NULL &&
           output_has_room(&conn->loop->output, length) &&
           (conn->handler->on_chunk != NULL || length <= PUBLISH_COPY_BYTES);
}

/* Unmasks a piece of a data frame. The last frame of a message is counted by the message. False
 * after the end of the connection: the text is wrong. */
static bool unmask(struct conn *conn, uint8_t *target, const uint8_t *bytes, size_t length)
{
    struct frame_decoder *decoder = &conn_inbound(conn)->decoder;

    if (!frame_payload(decoder, target, bytes, length)) {
        fail_text(conn);
        return false;
    }
    if (decoder->remaining == 0 && !decoder->frame_fin) {
        conn_count_frame_in(conn);
    }
    return true;
}

static void receive_direct(struct conn *conn, const uint8_t *bytes, size_t length, bool last)
{
    uint8_t *target = output_scratch(&conn->loop->output, length);

    if (unmask(conn, target, bytes, length)) {
        deliver(conn, target, length, last);
        conn->loop->output.scratch = NULL;
    }
}

/* The handler may queue or publish the message as it is; a reference of our own keeps the bytes
 * valid until it returns. */
static void deliver_assembly(struct conn *conn, bool last)
{
    struct inbound *inbound = conn_inbound(conn);
    struct message *assembly = inbound->assembly;
    size_t length = inbound->collected;

    message_reference(assembly);
    inbound->collected = 0;
    deliver(conn, message_payload(assembly), length, last);
    if (inbound->assembly != NULL) { /* the handler has not made it its own */
        message_release(&conn->loop->pool, assembly);
        inbound->assembly = NULL;
    }
    message_release(&conn->loop->pool, assembly);
}

static void receive_assembled(struct conn *conn, const uint8_t *bytes, size_t length, bool last)
{
    struct inbound *inbound = conn_inbound(conn);
    uint8_t *target = inbound_reserve(&conn->loop->pool, inbound, length);

    if (target == NULL) {
        conn_close(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    if (!unmask(conn, target, bytes, length)) {
        return;
    }
    inbound->collected += length;
    if (is_due(conn, inbound, inbound->collected, last)) {
        deliver_assembly(conn, last);
    }
}

static void receive_data(struct conn *conn, const uint8_t *bytes, size_t length)
{
    struct inbound *inbound = conn_inbound(conn);
    bool whole_frame = length == inbound->decoder.remaining;
    bool last = whole_frame && inbound->decoder.frame_fin;

    if (goes_direct(conn, inbound, length) && is_due(conn, inbound, length, last)) {
        receive_direct(conn, bytes, length, last);
    } else {
        receive_assembled(conn, bytes, length, last);
    }
    if (whole_frame) {
        frame_finish(&inbound->decoder);
    }
}

/* After our Close data is no longer delivered, only counted off up to the peer's Close. */
static void skip_data(struct conn *conn, size_t length)
{
    struct frame_decoder *decoder = &conn_inbound(conn)->decoder;

    decoder->remaining -= length;
    if (decoder->remaining == 0) {
        conn_count_frame_in(conn);
        frame_finish(decoder);
    }
}

static void receive_payload(struct conn *conn, const uint8_t *bytes, size_t length)
{
    const struct frame_decoder *decoder = &conn_inbound(conn)->decoder;

    if (decoder->frame_opcode >= OPCODE_CLOSE) {
        receive_control(conn, bytes, length);
    } else if (conn->state == CONN_OPEN) {
        receive_data(conn, bytes, length);
    } else {
        skip_data(conn, length);
    }
}

/* ---- the frame loop ---- */

static bool may_go_on(struct conn *conn)
{
    return (conn->state == CONN_OPEN || conn->state == CONN_CLOSING) && !conn->paused &&
           conn->loop->deliveries < LOOP_DELIVERIES_MAX && !conn_inbound(conn)->close_waits;
}

/* Takes a header if one is due. False when there is nothing more to do with the input. */
static bool take_header(struct conn *conn, const uint8_t **input, const uint8_t *end)
{
    const struct route_settings *settings = &conn->route->config.settings;
    struct frame_limits limits = {settings->max_message_bytes, settings->max_fragments};
    struct frame_decoder *decoder = &conn_inbound(conn)->decoder;
    struct frame_failure failure;

    if (decoder->in_frame) {
        return true;
    }
    switch (frame_decode_header(decoder, &limits, input, end, &failure)) {
    case FRAME_ACCEPTED:
        conn->loop->deliveries++;
        return true;
    case FRAME_REFUSED:
        if (conn->state == CONN_OPEN) {
            fail(conn, &failure);
        } else {
            conn_peer_closed(conn, CLOSE_PROTOCOL_ERROR, slice_of(failure.reason));
        }
        return false;
    case FRAME_NEED_MORE:
        break;
    }
    return false;
}

static bool between_messages(const struct frame_decoder *decoder)
{
    return !decoder->in_frame && decoder->message_opcode == 0 && decoder->stash_length == 0;
}

static inline bool takes_whole_frames(const struct conn *conn)
{
    return conn->state == CONN_OPEN && !conn->paused && conn->outbox == NULL &&
           conn->loop->deliveries < LOOP_DELIVERIES_MAX;
}

/* The longest payload that goes from the input straight to the handler. */
static size_t longest_whole_frame(const struct conn *conn)
{
    size_t longest = conn->handler->on_chunk != NULL ? FRAME_MEDIUM_MAX_BYTES : PUBLISH_COPY_BYTES;
    uint64_t allowed = conn->route->config.settings.max_message_bytes;

    return allowed < longest ? (size_t)allowed : longest;
}

/*
 * The common case by itself: whole messages between which there is no state. It takes less
 * than half of the general path's instructions (callgrind: 20 bytes, 256 in flight).
 */
static const uint8_t *receive_whole_frames(struct conn *conn, const uint8_t *input,
                                           const uint8_t *end)
{
    struct output *output = &conn->loop->output;
    size_t longest = longest_whole_frame(conn);
    const uint8_t *start = input;
    struct whole_frame frame;

    while (takes_whole_frames(conn) && whole_frame_at(input, end, &frame) &&
           frame.length <= longest &&
           output_makes_room(output, frame.payload + frame.length, frame.length)) {
        uint8_t *target = output_scratch(output, frame.length);

        if (!whole_frame_payload(&frame, target)) {
            fail_text(conn);
            input = end;
            break;
        }
        conn->loop->deliveries++;
        conn->messages_in++;
        conn->bytes_in += frame.length;
        input = frame.payload + frame.length;
        call_handler(conn, frame.opcode, target, frame.length, true, true);
        output->scratch = NULL;
    }
    if (input != start) {
        conn->message_ms = loop_now(conn->loop);
    }
    return input;
}

/* Handles frames until the input, the budget or the connection ends; returns what is left. */
static const uint8_t *receive_frames(struct conn *conn, const uint8_t *input, const uint8_t *end)
{
    while (input < end && may_go_on(conn)) {
        const struct frame_decoder *decoder = &conn_inbound(conn)->decoder;
        size_t length;

        if (between_messages(decoder)) {
            input = receive_whole_frames(conn, input, end);
        }
        if (input == end || !may_go_on(conn) || !take_header(conn, &input, end)) {
            break;
        }
        length = (size_t)(end - input);
        if (length > decoder->remaining) {
            length = (size_t)decoder->remaining;
        }
        output_release_input(&conn->loop->output, input + length);
        if (length > 0 || decoder->remaining == 0) {
            receive_payload(conn, input, length);
        }
        input += length;
    }
    return input;
}

static bool wants_rest(const struct conn *conn)
{
    return conn->state == CONN_OPEN || conn->state == CONN_CLOSING;
}

void conn_receive(struct conn *conn, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    const uint8_t *rest = receive_frames(conn, bytes, end);

    if (rest == end || !wants_rest(conn)) {
        return;
    }
    if (!inbound_stash(&conn->loop->pool, conn_inbound(conn), rest, (size_t)(end - rest))) {
        conn_close(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    if (!conn->paused) {
        conn_mark_runnable(conn);
    }
}

static void receive_stash(struct conn *conn)
{
    struct inbound *inbound = conn->inbound;
    const uint8_t *start = inbound->stash + inbound->stash_start;
    const uint8_t *rest = receive_frames(conn, start, inbound->stash + inbound->stash_end);

    inbound_unstash(&conn->loop->pool, inbound, (size_t)(rest - start));
    if (inbound->stash != NULL && wants_rest(conn) && !conn->paused) {
        conn_mark_runnable(conn);
    }
}

void conn_receive_kept(struct conn *conn)
{
    if (conn->inbound->close_waits) {
        end_control(conn);
    } else {
        receive_stash(conn);
    }
}

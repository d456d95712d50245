/*
 * Frames out. What a callback sends to its own connection is gathered in the loop's output buffer;
 * what the kernel does not take, and what comes from elsewhere, waits in the connection's outbox.
 * While there is an outbox everything goes behind it, so the order is: output buffer, outbox. What
 * TLS has encrypted and the kernel has not taken is before both; then there is an outbox, too.
 */
#include "net/conn.h"
#include "net/loop.h"
#include "protocol/close.h"

#include <assert.h>
#include <errno.h>
#include <string.h>

static inline bool is_current(const struct conn *conn)
{
    return conn->loop->current == conn;
}

/* Whether a frame can go into the output buffer: it must be the callback's own, the next in order,
 * and not stand where a received payload still stands. */
static inline bool fits_output(const struct conn *conn, const uint8_t *bytes, size_t length)
{
    const struct output *output = &conn->loop->output;

    if (conn->outbox != NULL || !is_current(conn)) {
        return false;
    }
    if (output->scratch != NULL) {
        return output_scratch_is(output, bytes, length);
    }
    return output_has_room(output, length);
}

static struct outbox *need_outbox(struct conn *conn)
{
    if (conn->outbox == NULL) {
        conn->outbox = outbox_create(&conn->loop->pool);
    }
    return conn->outbox;
}

static size_t queue_limit(const struct conn *conn)
{
    return conn->route->config.settings.send_queue_bytes;
}

static void note_congestion(struct conn *conn)
{
    if (conn->outbox->bytes > queue_limit(conn) / 2) {
        conn->congested = true;
    }
}

/* Takes the assembled message that `bytes` is the payload of, or copies; frames it. */
static struct message *take_message(struct conn *conn, uint8_t first_byte, const uint8_t *bytes,
                                    size_t length)
{
    struct inbound *inbound = conn_inbound(conn);
    struct message *message = inbound->assembly;

    if (is_current(conn) && message != NULL && bytes == message_payload(message)) {
        inbound->assembly = NULL;
    } else {
        message = message_create(&conn->loop->pool, length);
        if (message == NULL) {
            return NULL;
        }
        if (length > 0) {
            memcpy(message_payload(message), bytes, length);
        }
    }
    message_frame(message, first_byte, length);
    return message;
}

struct message *conn_take_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                                  size_t length)
{
    struct message *message = take_message(conn, (uint8_t)(FRAME_FIN | type), bytes, length);

    return message != NULL ? message_trim(&conn->loop->pool, message) : NULL;
}

bool conn_queue_parcel(struct conn *conn, struct parcel *parcel, bool hold)
{
    struct pool *pool = &conn->loop->pool;

    if (need_outbox(conn) == NULL || !(hold ? outbox_hold(pool, conn->outbox, parcel)
                                            : outbox_append(pool, conn->outbox, parcel))) {
        return false;
    }
    note_congestion(conn);
    conn_mark_dirty(conn);
    return true;
}

bool conn_queue_part(struct conn *conn, struct parcel *parcel, size_t offset, size_t end)
{
    if (need_outbox(conn) == NULL ||
        !outbox_begin(&conn->loop->pool, conn->outbox, parcel, offset, end)) {
        return false;
    }
    note_congestion(conn);
    conn_mark_dirty(conn);
    return true;
}

/* Queues a message, whose reference is taken over. */
static enum send_result queue_message(struct conn *conn, struct message *message, bool hold)
{
    struct pool *pool = &conn->loop->pool;
    struct parcel *parcel = parcel_create(pool, message);
    bool queued;

    if (parcel == NULL) {
        message_release(pool, message);
        return SEND_NO_MEMORY;
    }
    queued = conn_queue_parcel(conn, parcel, hold);
    parcel_release(pool, parcel);
    if (!queued) {
        return SEND_NO_MEMORY;
    }
    return conn->congested ? SEND_CONGESTED : SEND_QUEUED;
}

/*
 * Queues one frame of the connection's own. It is admitted up to a callback's output beyond the
 * limit: so much may have been gathered before the kernel was seen to take no more. A handler that
 * stops reading when it is congested never meets the refusal.
 */
static enum send_result queue_frame(struct conn *conn, uint8_t first_byte, const uint8_t *bytes,
                                    size_t length, bool hold)
{
    struct message *message;

    if (conn->outbox != NULL && conn->outbox->bytes >= queue_limit(conn) + OUTPUT_BYTES) {
        return SEND_TOO_SLOW;
    }
    message = take_message(conn, first_byte, bytes, length);
    if (message == NULL) {
        return SEND_NO_MEMORY;
    }
    return queue_message(conn, message, hold);
}

static inline enum send_result send_frame(struct conn *conn, uint8_t first_byte,
                                          const uint8_t *bytes, size_t length, bool hold)
{
    enum send_result result = SEND_QUEUED;

    if (conn->state != CONN_OPEN) {
        return SEND_CLOSED;
    }
    if (!hold && fits_output(conn, bytes, length)) {
        output_add(&conn->loop->output, first_byte, bytes, length);
    } else {
        result = queue_frame(conn, first_byte, bytes, length, hold);
    }
    conn->bytes_out += send_was_queued(result) ? length : 0;
    return result;
}

/* ---- what handlers call ---- */

/* Every message that is not simply what was received going back. */
static __attribute__((noinline)) enum send_result send_other(struct conn *conn, uint8_t first_byte,
                                                             const uint8_t *bytes, size_t length)
{
    enum send_result result = send_frame(conn, first_byte, bytes, length, conn->streaming);

    conn->messages_out += send_was_queued(result);
    return result;
}

/* What was received going back as it is needs a header, and none of the registers that the rest
 * would have to save: 23 instructions a message less (callgrind). */
enum send_result conn_send(struct conn *conn, enum message_type type, const uint8_t *bytes,
                           size_t length)
{
    struct output *output = &conn->loop->output;
    uint8_t first_byte = (uint8_t)(FRAME_FIN | type);

    if (conn->state != CONN_OPEN || conn->streaming || conn->outbox != NULL || !is_current(conn) ||
        length > FRAME_MEDIUM_MAX_BYTES || !output_scratch_is(output, bytes, length)) {
        return send_other(conn, first_byte, bytes, length);
    }
    output_add_scratch(output, first_byte, length);
    conn->bytes_out += length;
    conn->messages_out++;
    return SEND_QUEUED;
}

enum send_result conn_send_begin(struct conn *conn, enum message_type type)
{
    if (conn->state != CONN_OPEN) {
        return SEND_CLOSED;
    }
    conn->streaming = true;
    conn->stream_begun = false;
    conn->stream_opcode = (uint8_t)type;
    return SEND_QUEUED;
}

/* The opcode of the next frame of the streamed message (RFC 6455 section 5.4). */
static uint8_t stream_opcode(const struct conn *conn)
{
    return conn->stream_begun ? OPCODE_CONTINUATION : conn->stream_opcode;
}

enum send_result conn_send_chunk(struct conn *conn, const uint8_t *bytes, size_t length)
{
    enum send_result result = send_frame(conn, stream_opcode(conn), bytes, length, false);

    if (send_was_queued(result)) {
        conn->stream_begun = true;
        conn_count_frame_out(conn);
    }
    return result;
}

enum send_result conn_send_end(struct conn *conn, const uint8_t *bytes, size_t length)
{
    enum send_result result =
        send_frame(conn, (uint8_t)(FRAME_FIN | stream_opcode(conn)), bytes, length, false);

    if (!send_was_queued(result)) {
        return result;
    }
    conn->streaming = false;
    conn->messages_out++;
    if (conn->outbox != NULL) {
        outbox_release_held(conn->outbox);
        conn_mark_dirty(conn);
    }
    return result;
}

/* ---- what the server sends ---- */

size_t conn_waiting(const struct conn *conn)
{
    return conn->outbox != NULL ? conn->outbox->bytes : 0;
}

bool conn_admits(const struct conn *conn, size_t waiting, size_t length)
{
    size_t limit = queue_limit(conn);

    return waiting == 0 || (waiting <= limit && length <= limit - waiting);
}

void conn_send_control(struct conn *conn, enum opcode opcode, struct slice payload)
{
    uint8_t frame[FRAME_SERVER_HEADER_MAX + FRAME_CONTROL_MAX_BYTES];
    size_t header_bytes = frame_write_header(frame, (uint8_t)(FRAME_FIN | opcode), payload.length);

    if (fits_output(conn, NULL, payload.length)) {
        output_add(&conn->loop->output, (uint8_t)(FRAME_FIN | opcode),
                   (const uint8_t *)payload.data, payload.length);
        conn_count_frame_out(conn);
        return;
    }
    if (payload.length > 0) {
        memcpy(frame + header_bytes, payload.data, payload.length);
    }
    if (need_outbox(conn) == NULL ||
        !outbox_insert_control(&conn->loop->pool, conn->outbox, frame,
                               header_bytes + payload.length, opcode == OPCODE_PONG)) {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    conn_count_frame_out(conn);
    conn_discount_pongs(conn);
    conn_mark_dirty(conn);
}

void conn_queue_close(struct conn *conn, uint16_t code, struct slice reason)
{
    uint8_t body[FRAME_CONTROL_MAX_BYTES];
    size_t length = close_body_write(body, code, reason);
    struct message *message;

    if (fits_output(conn, NULL, length)) {
        output_add(&conn->loop->output, FRAME_FIN | OPCODE_CLOSE, body, length);
        conn_count_frame_out(conn);
        return;
    }
    message = take_message(conn, FRAME_FIN | OPCODE_CLOSE, body, length);
    if (message != NULL && send_was_queued(queue_message(conn, message, false))) {
        conn_count_frame_out(conn);
    } else {
        conn_kill(conn, code, "memory is short");
    }
}

/* ---- to the kernel ---- */

/* Puts what the transport left of the output buffer at the head of the outbox. */
static bool keep_rest(struct conn *conn, size_t sent)
{
    struct output *output = &conn->loop->output;
    const uint8_t *gathered = output->bytes + output->start;
    size_t length = output_length(output);

    assert(is_current(conn));
    output->start = output->used;
    if (sent == length) {
        return true;
    }
    if (need_outbox(conn) == NULL ||
        !outbox_prepend_rest(&conn->loop->pool, conn->outbox, gathered, length, sent)) {
        return false;
    }
    conn_discount_pongs(conn);
    return true;
}

/* There is an outbox exactly while something waits, in it or in the transport. False when memory is
 * short. */
static bool settle_outbox(struct conn *conn)
{
    if (transport_has_rest(&conn->transport)) {
        return need_outbox(conn) != NULL;
    }
    if (conn->outbox != NULL && outbox_empty(conn->outbox)) {
        outbox_free(&conn->loop->pool, conn->outbox);
        conn->outbox = NULL;
        conn->congested = false;
    }
    return true;
}

/* Asks for readiness when something is left; a deadline then guards against its never coming. */
static void update_blocked(struct conn *conn)
{
    bool blocked = conn->outbox != NULL &&
                   (conn->outbox->ready.first != NULL || transport_has_rest(&conn->transport));

    if (blocked != conn->blocked) {
        conn->blocked = blocked;
        if (blocked) {
            conn->outbox->progress_ms = loop_now(conn->loop);
        }
        conn_update_watch(conn);
        if (blocked && conn->state != CONN_DEAD) {
            conn_schedule(conn);
        }
    }
}

/* After everything that changes what waits. */
void conn_settle(struct conn *conn)
{
    if (settle_outbox(conn)) {
        update_blocked(conn);
    } else {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
    }
}

void conn_note_rest(struct conn *conn)
{
    if (transport_has_rest(&conn->transport)) {
        conn_settle(conn);
    }
}

static void note_relief(struct conn *conn, bool was_congested)
{
    if (conn->outbox != NULL && conn->outbox->bytes <= queue_limit(conn) / 4) {
        conn->congested = false;
    }
    if (was_congested && !conn->congested && conn->state == CONN_OPEN) {
        conn->writable_due = true;
        conn_mark_runnable(conn);
    }
}

/* The transport has taken something, or has got rid of something that it had taken before. */
static void note_progress(struct conn *conn)
{
    if (conn->blocked) {
        conn_note_alive(conn); /* what the kernel held has been acknowledged */
    }
    if (conn->outbox != NULL) {
        conn->outbox->progress_ms = loop_now(conn->loop);
    }
}

static void account_sent(struct conn *conn, size_t sent, size_t from_output)
{
    bool was_congested = conn->congested;
    bool was_waiting = conn->outbox != NULL;
    size_t sent_of_output = sent < from_output ? sent : from_output;

    if (sent > sent_of_output) {
        outbox_sent(&conn->loop->pool, conn->outbox, sent - sent_of_output);
    }
    if (from_output > 0 && !keep_rest(conn, sent_of_output)) {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    conn_settle(conn);
    if (conn->outbox != NULL && conn->route != NULL) {
        note_congestion(conn);
    }
    if (was_waiting && conn->route != NULL) {
        note_relief(conn, was_congested);
    }
}

static void write_out(struct conn *conn)
{
    struct loop *loop = conn->loop;
    struct iovec vectors[OUTBOX_VECTORS_MAX + 1];
    size_t from_output = is_current(conn) ? output_length(&loop->output) : 0;
    int count = 0;
    ssize_t sent;

    if (from_output > 0) {
        vectors[count++] = (struct iovec){loop->output.bytes + loop->output.start, from_output};
    }
    if (conn->outbox != NULL) {
        count += outbox_vectors(conn->outbox, vectors + count);
    }
    if (count == 0 && !transport_has_rest(&conn->transport)) {
        return;
    }
    sent = transport_write(&conn->transport, vectors, count);
    if (sent == TRANSPORT_FAILED) {
        conn_peer_gone(conn, strerror(errno));
        return;
    }
    if (sent != TRANSPORT_AGAIN) {
        note_progress(conn);
    }
    account_sent(conn, sent > 0 ? (size_t)sent : 0, from_output);
}

void conn_flush(struct conn *conn)
{
    if (!conn->blocked && conn->state != CONN_DEAD) {
        write_out(conn);
    }
}

void conn_writable(struct conn *conn)
{
    write_out(conn);
    conn_settle(conn); /* what waited may have been dropped since */
}

/* Sends what the kernel takes of a response now: nothing while a part of it waits already. False
 * when the transport has failed. */
static bool send_now(struct conn *conn, const uint8_t *bytes, size_t length, size_t *gone)
{
    struct iovec vector = {(void *)(uintptr_t)bytes, length};
    bool waits = conn->outbox != NULL && !outbox_empty(conn->outbox);
    ssize_t sent = waits ? 0 : transport_write(&conn->transport, &vector, 1);

    if (sent == TRANSPORT_FAILED) {
        conn_peer_gone(conn, strerror(errno));
        return false;
    }
    *gone = sent > 0 ? (size_t)sent : 0;
    return true;
}

void conn_send_response(struct conn *conn, const char *bytes, size_t length)
{
    const uint8_t *response = (const uint8_t *)bytes;
    size_t gone;

    if (!send_now(conn, response, length, &gone)) {
        return;
    }
    if (gone < length &&
        (need_outbox(conn) == NULL ||
         !outbox_append_opaque(&conn->loop->pool, conn->outbox, response + gone, length - gone))) {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    conn_settle(conn);
}

/* Queues what is left of a response, by reference. */
static bool keep_response(struct conn *conn, struct message *message, size_t gone, size_t length)
{
    struct pool *pool = &conn->loop->pool;
    struct parcel *parcel = parcel_wrap(pool, message);
    bool kept = parcel != NULL && need_outbox(conn) != NULL &&
                outbox_append_response(pool, conn->outbox, parcel, gone, length);

    if (parcel != NULL) {
        parcel_release(pool, parcel);
    }
    return kept;
}

void conn_send_shared_response(struct conn *conn, struct message *message, size_t length)
{
    size_t gone;

    if (!send_now(conn, message_wire(message), length, &gone)) {
        return;
    }
    if (gone < length && !keep_response(conn, message, gone, length)) {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    conn_settle(conn);
}

void conn_drop_held(struct conn *conn)
{
    if (conn->outbox != NULL) {
        outbox_drop_held(&conn->loop->pool, conn->outbox);
        conn_settle(conn);
    }
}

void conn_drop_unsent(struct conn *conn)
{
    if (is_current(conn)) {
        conn_flush(conn); /* answers to what was right are not taken back: the kernel gets them */
    }
    if (conn->outbox != NULL) {
        outbox_drop_unsent(&conn->loop->pool, conn->outbox);
        conn_settle(conn);
    }
}

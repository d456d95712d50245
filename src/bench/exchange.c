/*
 * Messages there and back.
 */
#include "bench/exchange.h"

#include "bench/engine.h"

#include <string.h>

static const struct batch *batch_of(const struct exchange *exchange)
{
    return exchange->connection.engine->run->batch;
}

/* Where in the ring a message of the connection is. */
static size_t place_of(const struct exchange *exchange, uint64_t message)
{
    return (size_t)((exchange->first + message) % batch_of(exchange)->count);
}

/* ---- sending ---- */

/* Up to the end of the ring at a time. */
void exchange_send(struct exchange *exchange)
{
    const struct batch *batch = batch_of(exchange);
    const struct strip *wire = exchange->connection.deflates ? &batch->deflated : &batch->wire;

    while (exchange->sent < exchange->allowed && connection_can_send(&exchange->connection)) {
        size_t from = place_of(exchange, exchange->sent);
        uint64_t wanted = exchange->allowed - exchange->sent;
        size_t count = wanted < batch->count - from ? (size_t)wanted : batch->count - from;
        size_t start = wire->at[from];

        exchange->sent += count;
        connection_send(&exchange->connection, wire->bytes + start, wire->at[from + count] - start);
    }
}

/* ---- comparing as it stands ---- */

/* Where in the ring the replies end that may come before it goes round. */
static size_t replies_until(const struct exchange *exchange)
{
    const struct batch *batch = batch_of(exchange);
    uint64_t last = place_of(exchange, exchange->answered) + exchange->sent - exchange->answered;

    return last < batch->count ? (size_t)last : batch->count;
}

/* Takes bytes that are as they should be. Returns how many; 0 when the rest has to be parsed. */
static size_t take_as_it_stands(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
    const struct strip *reply = &batch_of(exchange)->reply;
    size_t last = replies_until(exchange);
    size_t room = reply->at[last] - exchange->reply_at;
    size_t taken = length < room ? length : room;
    size_t index = place_of(exchange, exchange->answered);

    if (memcmp(bytes, reply->bytes + exchange->reply_at, taken) != 0) {
        return 0;
    }
    exchange->reply_at += taken;
    connection_progresses(&exchange->connection);
    while (index < last && reply->at[index + 1] <= exchange->reply_at) {
        index++;
        exchange->answered++;
    }
    if (index == batch_of(exchange)->count) {
        exchange->reply_at = 0;
    }
    return taken;
}

/* ---- comparing frame by frame ---- */

static void fail(struct exchange *exchange, const char *how)
{
    connection_fail(&exchange->connection, FAULT_WRONG, "message %llu of a connection %s",
                    (unsigned long long)exchange->answered + 1, how);
}

/* Payload of the message that is to come next. */
static void take_payload(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
    const struct batch *batch = batch_of(exchange);
    size_t index = place_of(exchange, exchange->answered);
    const uint8_t *expected = batch->payloads.bytes + batch->payloads.at[index];

    if (length > strip_length(&batch->payloads, index) - exchange->message_bytes) {
        fail(exchange, "came back longer than it was sent");
    } else if (!exchange->connection.engine->run->settings->no_verify &&
               memcmp(bytes, expected + exchange->message_bytes, length) != 0) {
        fail(exchange, "came back with other bytes");
    } else {
        exchange->message_bytes += length;
    }
}

static void end_message(struct exchange *exchange)
{
    const struct batch *batch = batch_of(exchange);
    size_t index = place_of(exchange, exchange->answered);

    if (exchange->message_bytes < strip_length(&batch->payloads, index)) {
        fail(exchange, "came back shorter than it was sent");
    } else {
        exchange->message_bytes = 0;
        exchange->answered++;
    }
}

static void take_piece(struct exchange *exchange, const struct frames_piece *piece)
{
    if (exchange->answered == exchange->sent) {
        connection_fail(&exchange->connection, FAULT_WRONG,
                        "more messages came back than were sent");
        return;
    }
    if (piece->opcode != batch_of(exchange)->opcode) {
        fail(exchange, piece->opcode == OPCODE_TEXT ? "came back as text" : "came back as binary");
        return;
    }
    take_payload(exchange, piece->bytes, piece->length);
    if (piece->ends && exchange->connection.state != CONNECTION_DEAD) {
        end_message(exchange);
    }
}

static void take_frames(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    struct frames_piece piece;

    while (connection_next(&exchange->connection, &bytes, end, &piece)) {
        take_piece(exchange, &piece);
    }
}

/* The parser starts with what was compared of the current message so far. */
static void start_parsing(struct exchange *exchange)
{
    const struct strip *reply = &batch_of(exchange)->reply;
    size_t begin = reply->at[place_of(exchange, exchange->answered)];

    exchange->parses = true;
    exchange->message_bytes = 0;
    take_frames(exchange, reply->bytes + begin, exchange->reply_at - begin);
}

static void stop_parsing(struct exchange *exchange)
{
    exchange->parses = false;
    exchange->reply_at = batch_of(exchange)->reply.at[place_of(exchange, exchange->answered)];
}

static bool wants_parsing(const struct exchange *exchange)
{
    return exchange->connection.engine->run->settings->no_verify &&
           !exchange->connection.endpoint->raw;
}

/* ---- tcp://: bytes are all there is ---- */

static void fail_raw(struct exchange *exchange)
{
    if (exchange->answered == exchange->sent) {
        connection_fail(&exchange->connection, FAULT_WRONG, "more bytes came back than were sent");
    } else {
        fail(exchange, "came back with other bytes");
    }
}

/* ---- both ---- */

void exchange_take(struct exchange *exchange, const uint8_t *bytes, size_t length)
{
    if (exchange->parses && frames_between_messages(&exchange->connection.frames) &&
        !wants_parsing(exchange)) {
        stop_parsing(exchange);
    }
    while (!exchange->parses && length > 0) {
        size_t taken = take_as_it_stands(exchange, bytes, length);

        bytes += taken;
        length -= taken;
        if (taken == 0 && exchange->connection.endpoint->raw) {
            fail_raw(exchange);
            return;
        }
        if (taken == 0) {
            start_parsing(exchange);
        }
    }
    if (length > 0) {
        take_frames(exchange, bytes, length);
    }
}

/* What one connection sends first differs from what the next one does. */
void exchange_begin(struct exchange *exchange)
{
    struct engine *engine = exchange->connection.engine;
    const struct settings *settings = engine->run->settings;

    exchange->first = (engine->exchanges++ * settings->threads + engine->number) *
                      settings->in_flight % batch_of(exchange)->count;
    exchange->reply_at = batch_of(exchange)->reply.at[exchange->first];
    exchange->parses = wants_parsing(exchange);
}

void exchange_end(struct exchange *exchange, enum ending ending)
{
    if (ending == ENDING_LOST) {
        faults_add(&exchange->connection.engine->run->faults, FAULT_LOST,
                   exchange->sent - exchange->answered,
                   "messages did not come back before the end of their connection");
    }
}

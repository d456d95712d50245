/*
 * Sending, frames that are no messages, and the ends of a connection.
 */
#include "bench/connection.h"

#include "bench/chance.h"
#include "protocol/close.h"
#include "protocol/payload.h"

#include <err.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <sys/epoll.h>

/* ---- the end ---- */

/* Frees nothing: events of this turn may still name it. */
void connection_finish(struct connection *connection, enum ending ending)
{
    struct engine *engine = connection->engine;

    connection->state = CONNECTION_DEAD;
    connection_settle(connection);
    stream_close(&connection->stream);
    list_remove(&connection->node);
    connection->next_ended = engine->ended;
    engine->ended = connection;
    engine->alive--;
    free(connection->head);
    connection->head = NULL;
    inflater_free(connection->inflater);
    connection->inflater = NULL;
    engine->mode->ended(connection, ending);
}

void connection_fail(struct connection *connection, enum fault fault, const char *format, ...)
{
    char sentence[FAULT_SENTENCE_MAX];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(sentence, sizeof sentence, format, arguments);
    va_end(arguments);
    faults_add(&connection->engine->run->faults, fault, 1, "%s", sentence);
    connection_finish(connection, fault == FAULT_WRONG ? ENDING_WRONG : ENDING_LOST);
}

/* ---- sending ---- */

void connection_watch(struct connection *connection, bool room)
{
    struct epoll_event event = {.events = room ? EPOLLIN | EPOLLOUT : EPOLLIN,
                                .data.ptr = connection};

    if (room != connection->watches_room) {
        connection->watches_room = room;
        if (epoll_ctl(connection->engine->epoll, EPOLL_CTL_MOD, connection->stream.fd, &event) <
            0) {
            err(1, "epoll_ctl");
        }
    }
}

void connection_flush(struct connection *connection)
{
    while (connection->unsent_bytes > 0) {
        ssize_t sent =
            stream_send(&connection->stream, connection->unsent, connection->unsent_bytes);

        if (sent == STREAM_AGAIN) {
            break;
        }
        if (sent < 0) {
            connection_watch(connection, false);
            return;
        }
        connection->unsent += sent;
        connection->unsent_bytes -= (size_t)sent;
        if (connection->unsent_bytes == 0 && connection->answer_waits) {
            connection->answer_waits = false;
            connection->unsent = connection->control;
            connection->unsent_bytes = connection->control_bytes;
        }
    }
    connection_watch(connection, connection->unsent_bytes > 0);
}

void connection_send(struct connection *connection, const uint8_t *bytes, size_t length)
{
    connection->unsent = bytes;
    connection->unsent_bytes = length;
    connection_flush(connection);
}

static bool is_sending_control(const struct connection *connection)
{
    return connection->unsent_bytes > 0 && connection->unsent >= connection->control &&
           connection->unsent < connection->control + CONTROL_FRAME_MAX;
}

/*
 * Sends a control frame behind the message that is being sent. One that waits for its turn is
 * replaced: RFC 6455 section 5.5.3 lets the last Ping stand for those before it.
 */
static void send_control(struct connection *connection, enum opcode opcode, const uint8_t *body,
                         size_t length)
{
    uint64_t key = chance_next(&connection->engine->seed);
    uint8_t *at = connection->control;

    if (is_sending_control(connection)) {
        return;
    }
    at += frame_write_header(at, (uint8_t)(FRAME_FIN | opcode), length);
    at[-1] |= FRAME_MASKED;
    memcpy(at, &key, 4);
    payload_kernel->unmask(at + 4, body, length, at);
    connection->control_bytes = 6 + length;
    if (connection->unsent_bytes > 0) {
        connection->answer_waits = true;
    } else {
        connection_send(connection, connection->control, connection->control_bytes);
    }
}

static void send_close(struct connection *connection, struct slice body)
{
    if (!connection->endpoint->raw) {
        send_control(connection, OPCODE_CLOSE, (const uint8_t *)body.data, body.length);
    }
}

void connection_close(struct connection *connection)
{
    connection_enter(connection, CONNECTION_CLOSING);
    if (connection->endpoint->raw) {
        stream_half_close(&connection->stream);
    } else {
        send_close(connection, SLICE("\x03\xe8"));
    }
}

void connection_leave(struct connection *connection)
{
    if (connection_can_send(connection)) {
        connection_enter(connection, CONNECTION_CLOSING);
        send_close(connection, SLICE("\x03\xe8"));
    }
    connection_finish(connection, ENDING_ORDERLY);
}

/* ---- frames ---- */

/* The server has begun the closing handshake. */
static void take_close(struct connection *connection, const struct frames_piece *piece)
{
    struct slice body = {(const char *)piece->bytes, piece->length};
    struct close_body close;
    struct frame_failure failure;

    if (!close_body_parse(body, &close, &failure)) {
        connection_fail(connection, FAULT_WRONG, "the server has sent a Close that is wrong: %s",
                        failure.reason);
        return;
    }
    connection->said_goodbye = true;
    if (connection->state == CONNECTION_CLOSING) {
        return;
    }
    connection_enter(connection, CONNECTION_CLOSING);
    send_close(connection, body);
    connection_fail(connection, FAULT_CLOSED, "the server has closed a connection: %u %.*s",
                    close.code, (int)close.reason.length, close.reason.data);
}

/* Bytes of a compressed message. */
static void begin_inflating(struct connection *connection, const struct frames_piece *piece)
{
    if (connection->inflater == NULL) {
        connection->inflater = inflater_create(connection->keeps_context);
    }
    if (connection->inflater == NULL) {
        err(1, "decompression");
    }
    inflater_feed(connection->inflater, piece->bytes, piece->length, piece->ends);
    connection->inflates = true;
    connection->piece_ends = piece->ends;
}

/* The next piece of what has been begun; the last one is empty. Returns false on failure. */
static bool next_inflated(struct connection *connection, struct frames_piece *piece)
{
    piece->bytes = connection->engine->inflated;
    piece->ends = false;
    switch (inflater_next(connection->inflater, connection->engine->inflated, ENGINE_BUFFER_BYTES,
                          &piece->length)) {
    case INFLATE_DATA:
        return true;
    case INFLATE_DONE:
        connection->inflates = false;
        piece->length = 0;
        piece->ends = connection->piece_ends;
        return true;
    default:
        connection_fail(connection, FAULT_WRONG,
                        "the server has sent a message whose "
                        "compression is broken");
        return false;
    }
}

bool connection_next(struct connection *connection, const uint8_t **input, const uint8_t *end,
                     struct frames_piece *piece)
{
    if (connection->inflates && connection->state != CONNECTION_DEAD) {
        return next_inflated(connection, piece);
    }
    while (connection->state != CONNECTION_DEAD && !connection->said_goodbye) {
        switch (frames_next(&connection->frames, connection->deflates, input, end, piece)) {
        case FRAMES_MORE:
            return false;
        case FRAMES_DATA:
            if (piece->length > 0 || piece->ends) {
                connection_progresses(connection);
            }
            if (!piece->compressed) {
                return true;
            }
            begin_inflating(connection, piece);
            return next_inflated(connection, piece);
        case FRAMES_PING:
            send_control(connection, OPCODE_PONG, piece->bytes, piece->length);
            break;
        case FRAMES_PONG:
            break;
        case FRAMES_CLOSE:
            take_close(connection, piece);
            break;
        case FRAMES_BROKEN:
            connection_fail(connection, FAULT_WRONG, "the server has sent %s", piece->why);
            break;
        }
    }
    return false;
}

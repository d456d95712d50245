/*
 * The life of a connection, but for its end.
 */
#include "bench/connection.h"

#include <err.h>
#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/epoll.h>
#include <sys/socket.h>

/* ---- the beginning ---- */

static void set_open(struct connection *connection)
{
    connection_enter(connection, CONNECTION_OPEN);
    connection->engine->mode->opened(connection);
}

static void send_request(struct connection *connection)
{
    const struct handshake *handshake = &connection->endpoint->handshake;

    connection_enter(connection, CONNECTION_UPGRADING);
    connection->head = malloc(handshake->length + HANDSHAKE_ANSWER_MAX);
    if (connection->head == NULL) {
        err(1, "a connection");
    }
    handshake_write(handshake, &connection->engine->seed, connection->head);
    connection_send(connection, (const uint8_t *)connection->head, handshake->length);
}

static void secure(struct connection *connection)
{
    switch (stream_handshake(&connection->stream)) {
    case STREAM_HANDSHAKE_DONE:
        connection_watch(connection, false);
        send_request(connection);
        return;
    case STREAM_HANDSHAKE_FAILED:
        connection_fail(connection, FAULT_REFUSED, "no TLS with %s: %s",
                        connection->endpoint->url.text, stream_error());
        return;
    case STREAM_HANDSHAKE_WANTS_WRITE:
        connection_watch(connection, true);
        return;
    case STREAM_HANDSHAKE_WANTS_READ:
        connection_watch(connection, false);
        return;
    }
}

/* Whether the connection is there; if it has failed it is ended. */
static bool is_connected(struct connection *connection)
{
    struct sockaddr_storage peer;
    socklen_t length = sizeof peer;
    int error = 0;

    if (getpeername(connection->stream.fd, (struct sockaddr *)&peer, &length) == 0) {
        return true;
    }
    length = sizeof error;
    getsockopt(connection->stream.fd, SOL_SOCKET, SO_ERROR, &error, &length);
    if (error != 0) {
        connection_fail(connection, FAULT_REFUSED, "cannot connect to %s: %s",
                        connection->endpoint->url.text, strerror(error));
    } else {
        connection_watch(connection, true);
    }
    return false;
}

static void connected(struct connection *connection)
{
    const struct endpoint *endpoint = connection->endpoint;

    connection_watch(connection, false);
    if (endpoint->raw) {
        set_open(connection);
    } else if (endpoint->tls == NULL) {
        send_request(connection);
    } else if (stream_secure(&connection->stream, endpoint->tls, endpoint->server_name)) {
        connection_enter(connection, CONNECTION_SECURING);
        secure(connection);
    } else {
        connection_fail(connection, FAULT_REFUSED, "no TLS: %s", stream_error());
    }
}

/* What this machine cannot give will not be there for the next connection either. */
static bool is_exhaustion(int error)
{
    return error == EMFILE || error == ENFILE || error == EADDRNOTAVAIL || error == ENOMEM ||
           error == ENOBUFS;
}

static void fail_to_begin(struct connection *connection, int error)
{
    struct engine *engine = connection->engine;

    if (is_exhaustion(error)) {
        engine->to_open = 0;
    }
    connection_fail(connection, FAULT_REFUSED, "cannot connect to %s: %s%s",
                    connection->endpoint->url.text, strerror(error),
                    error == EMFILE          ? " (ulimit -n raises the limit)"
                    : error == EADDRNOTAVAIL ? " (is a port free, is --source of this machine?)"
                                             : "");
}

static const struct destination *next_source(struct engine *engine)
{
    const struct sources *sources = &engine->run->settings->sources;

    return sources->count > 0 ? &sources->addresses[engine->next_source++ % sources->count] : NULL;
}

void connection_open(struct engine *engine, const struct endpoint *endpoint, uint64_t begun_ns)
{
    struct connection *connection = calloc(1, engine->mode->connection_bytes);
    struct epoll_event event = {.events = EPOLLIN, .data.ptr = connection};

    if (connection == NULL) {
        err(1, "a connection");
    }
    connection->engine = engine;
    connection->endpoint = endpoint;
    connection->begun_ns = begun_ns;
    connection->progress_ns = engine->now_ns;
    connection->opening = true;
    if (engine->mode->begun != NULL) {
        engine->mode->begun(connection);
    }
    engine->opening++;
    engine->alive++;
    list_append(&engine->connections, &connection->node);
    connection->stream.fd = destination_connect(&endpoint->destination, next_source(engine),
                                                engine->run->settings->timeout_s);
    engine->now_ns = engine_clock_ns(); /* it may be there already, and has taken its time */
    if (connection->stream.fd < 0 ||
        epoll_ctl(engine->epoll, EPOLL_CTL_ADD, connection->stream.fd, &event) < 0) {
        fail_to_begin(connection, errno);
    } else if (is_connected(connection)) {
        connected(connection);
    }
}

void connection_settle(struct connection *connection)
{
    if (connection->opening) {
        connection->opening = false;
        connection->engine->opening--;
    }
}

/* ---- receiving ---- */

void connection_discard(struct connection *connection, const uint8_t *bytes, size_t length)
{
    const uint8_t *end = bytes + length;
    struct frames_piece piece;

    while (!connection->endpoint->raw && connection_next(connection, &bytes, end, &piece)) {}
}

/* Returns how many bytes are the answer's. */
static size_t take_answer(struct connection *connection, const uint8_t *bytes, size_t length)
{
    const struct handshake *handshake = &connection->endpoint->handshake;
    struct slice key = {connection->head + handshake->key_at, UPGRADE_KEY_BYTES};
    char *answer_head = connection->head + handshake->length;
    size_t room = HANDSHAKE_ANSWER_MAX - connection->head_bytes;
    size_t taken = length < room ? length : room;
    struct handshake_answer answer = {.length = 0};
    enum handshake_verdict verdict;
    size_t before = connection->head_bytes;

    memcpy(answer_head + before, bytes, taken);
    connection->head_bytes += taken;
    verdict = handshake_judge(handshake, key, (struct slice){answer_head, connection->head_bytes},
                              &answer);
    if (verdict == HANDSHAKE_INCOMPLETE) {
        return length;
    }
    if (verdict != HANDSHAKE_ACCEPTED) {
        connection_fail(connection, verdict == HANDSHAKE_WRONG ? FAULT_WRONG : FAULT_REFUSED, "%s",
                        answer.why);
        return length;
    }
    free(connection->head);
    connection->head = NULL;
    connection->deflates = answer.deflates;
    connection->keeps_context = answer.server_keeps_context;
    if (handshake->settings->deflate && !answer.deflates) {
        atomic_store(&connection->engine->run->deflate_declined, true);
    }
    set_open(connection);
    return answer.length - before;
}

/* The server will send nothing more. */
static void take_end(struct connection *connection, bool failed)
{
    switch (connection->state) {
    case CONNECTION_CLOSING:
        if (connection->said_goodbye || (connection->endpoint->raw && !failed)) {
            connection_finish(connection, ENDING_ORDERLY);
        } else {
            connection_fail(connection, FAULT_CLOSED,
                            "the server has ended a connection without answering the Close");
        }
        return;
    case CONNECTION_OPEN:
        connection_fail(connection, FAULT_CLOSED, "the server has ended a connection%s%s",
                        failed ? ": " : " without a Close", failed ? stream_error() : "");
        return;
    default:
        connection_fail(connection, FAULT_REFUSED,
                        "the server has ended a connection instead of answering the handshake");
        return;
    }
}

static void take(struct connection *connection, const uint8_t *bytes, size_t length)
{
    if (connection->state == CONNECTION_UPGRADING) {
        size_t taken = take_answer(connection, bytes, length);

        bytes += taken;
        length -= taken;
    }
    if (length > 0 && connection->state == CONNECTION_OPEN) {
        connection->engine->mode->received(connection, bytes, length);
    } else if (length > 0) {
        connection_discard(connection, bytes, length);
    }
}

static void receive(struct connection *connection)
{
    struct engine *engine = connection->engine;

    do {
        ssize_t got = stream_receive(&connection->stream, engine->buffer, ENGINE_BUFFER_BYTES);

        if (got == STREAM_AGAIN) {
            return;
        }
        engine->now_ns = engine_clock_ns();
        if (got < 0) {
            take_end(connection, got == STREAM_FAILED);
            return;
        }
        take(connection, engine->buffer, (size_t)got);
    } while (connection->state != CONNECTION_DEAD && stream_has_pending(&connection->stream));
}

void connection_ready(struct connection *connection, uint32_t events)
{
    switch (connection->state) {
    case CONNECTION_DEAD:
        return;
    case CONNECTION_CONNECTING:
        if (is_connected(connection)) {
            connected(connection);
        }
        return;
    case CONNECTION_SECURING:
        secure(connection);
        return;
    default:
        break;
    }
    if ((events & EPOLLOUT) != 0) {
        connection_flush(connection);
        if (connection_can_send(connection)) {
            connection->engine->mode->sent(connection);
        }
    }
    if ((events & ~(uint32_t)EPOLLOUT) != 0 && connection->state != CONNECTION_DEAD) {
        receive(connection);
    }
}

/* ---- waiting in vain ---- */

/* Since when it has got no further; 0: nothing is due to come. */
static uint64_t waits_since(struct connection *connection)
{
    uint64_t due_ns;

    if (connection->state != CONNECTION_OPEN) {
        return connection->progress_ns;
    }
    due_ns = connection->engine->mode->awaits_since(connection);
    return due_ns != 0 && due_ns < connection->progress_ns ? connection->progress_ns : due_ns;
}

void connection_check_timeout(struct connection *connection, uint64_t timeout_ns)
{
    static const char *const awaited[] = {
        [CONNECTION_CONNECTING] = "a connection",
        [CONNECTION_SECURING] = "the TLS handshake",
        [CONNECTION_UPGRADING] = "an answer to the handshake",
        [CONNECTION_OPEN] = "a message",
        [CONNECTION_CLOSING] = "the end of a connection",
    };
    struct engine *engine = connection->engine;
    uint64_t since = waits_since(connection);
    /* It gets further, but what is under way at the end has no more time than this. */
    bool is_late = engine->phase == PHASE_DRAIN && engine->phase_ns < since;

    since = is_late ? engine->phase_ns : since;
    if (since == 0 || engine->now_ns <= since || engine->now_ns - since <= timeout_ns) {
        return;
    }
    if (is_late) {
        connection_fail(connection, FAULT_TIMEOUT, "still under way %g s after the end",
                        engine->run->settings->timeout_s);
    } else {
        connection_fail(connection, FAULT_TIMEOUT, "waited %g s in vain for %s",
                        engine->run->settings->timeout_s, awaited[connection->state]);
    }
}

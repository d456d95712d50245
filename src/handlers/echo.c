/*
 * echo: sends every message back, same type, same bytes, same order.
 *
 * Messages pass through as they arrive, so a connection's memory does not depend on their size. A
 * peer that sends without reading is not read from until it has taken what waits for it.
 */
#include "handlers/handler.h"
#include "handlers/registry.h"
#include "protocol/frame.h"

/* What follows when something was not simply queued. */
static void answer_result(struct conn *conn, enum send_result result)
{
    switch (result) {
    case SEND_QUEUED:
    case SEND_CLOSED:
        break;
    case SEND_CONGESTED:
        conn_pause(conn);
        break;
    case SEND_TOO_SLOW:
        conn_close(conn, CLOSE_TRY_LATER, "the echo is not being read");
        break;
    case SEND_NO_MEMORY:
        conn_close(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        break;
    }
}

static void echo_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                         size_t length)
{
    enum send_result result = conn_send(conn, type, bytes, length);

    if (result != SEND_QUEUED) {
        answer_result(conn, result);
    }
}

/* A part of a long message. */
static void echo_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes,
                       size_t length, bool first, bool last)
{
    if (first) {
        conn_send_begin(conn, type);
    }
    answer_result(conn,
                  last ? conn_send_end(conn, bytes, length) : conn_send_chunk(conn, bytes, length));
}

static void echo_writable(struct conn *conn)
{
    conn_resume(conn);
}

const struct handler echo_handler = {
    .schema = {.name = "echo", .help = "sends every message back"},
    .on_message = echo_message,
    .on_chunk = echo_chunk,
    .on_writable = echo_writable,
};

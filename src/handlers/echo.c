/*
 * echo: sends every message back, same type, same bytes, same order.
 *
 * Messages pass through as they arrive, so a connection's memory does not depend on their size. A
 * peer that sends without reading is not read from until it has taken what waits for it.
 */
#include "handlers/echo.h"

#include "config/config.h"
#include "config/errors.h"
#include "config/schema.h"
#include "handlers/registry.h"
#include "handlers/shaped_echo.h"
#include "protocol/frame.h"
#include "protocol/utf8.h"

#include <string.h>

static const struct schema_row queue_rows[] = {
    {.name = "messages",
     SCHEMA_INTEGER(struct echo_settings, queue.messages, 1, 1000000),
     .fallback = "1000",
     .help = "how many messages may wait"},
    {.name = "size",
     SCHEMA_SIZE(struct echo_settings, queue.bytes, 1 << 10, 1 << 30),
     .fallback = "1MiB",
     .help = "how many bytes of them may wait"},
    {.name = NULL},
};

static const struct schema_row rows[] = {
    {.name = "greeting",
     SCHEMA_STRING(struct echo_settings, greeting),
     .help = "text that is sent when a connection opens"},
    {.name = "controls",
     SCHEMA_BOOL(struct echo_settings, controls),
     .fallback = "false",
     .help = "whether the query may ask for delays, losses, closes and more"},
    {.name = "queue",
     .shape = SHAPE_MAPPING,
     .rows = queue_rows,
     .help = "what may wait on a connection to be sent back by such a query"},
    {.name = NULL},
};

/* A variable of the environment may hold any bytes. */
static void echo_check(const struct route_config *route, struct config_errors *errors)
{
    const struct echo_settings *settings = route->handler_settings;
    struct slice greeting = slice_of(settings->greeting);

    if (!utf8_valid((const uint8_t *)greeting.data, greeting.length)) {
        config_handler_error(errors, "greeting", "is not UTF-8");
    }
}

__attribute__((cold, noinline)) void echo_answer_result(struct conn *conn, enum send_result result)
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

/* With conn_send inside, which has other callers, too: 8 instructions a message (callgrind). */
__attribute__((flatten)) void echo_message(struct conn *conn, enum message_type type,
                                           const uint8_t *bytes, size_t length)
{
    enum send_result result = conn_send(conn, type, bytes, length);

    if (result != SEND_QUEUED) {
        echo_answer_result(conn, result);
    }
}

/* A part of a long message. */
void echo_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes, size_t length,
                bool first, bool last)
{
    if (first) {
        conn_send_begin(conn, type);
    }
    echo_answer_result(conn, last ? conn_send_end(conn, bytes, length)
                                  : conn_send_chunk(conn, bytes, length));
}

void echo_writable(struct conn *conn)
{
    conn_resume(conn);
}

enum send_result echo_greet(struct conn *conn)
{
    const struct echo_settings *settings = conn_handler_settings(conn);
    struct slice greeting = slice_of(settings->greeting);

    if (greeting.data == NULL) {
        return SEND_QUEUED;
    }
    return conn_send(conn, MESSAGE_TEXT, (const uint8_t *)greeting.data, greeting.length);
}

/* A query makes the connection another handler's, so that an echo without one pays nothing. */
static enum upgrade_decision echo_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason)
{
    const struct echo_settings *settings = conn_handler_settings(conn);

    if (settings->controls && info->query.length > 0) {
        return shaped_echo_upgrade(conn, info, status, reason);
    }
    return UPGRADE_ACCEPT;
}

static void echo_open(struct conn *conn, const struct upgrade_info *info)
{
    (void)info;
    echo_answer_result(conn, echo_greet(conn));
}

const struct handler echo_handler = {
    .schema = {.name = "echo",
               .help = "sends every message back",
               .rows = rows,
               .settings_bytes = sizeof(struct echo_settings),
               .check = echo_check},
    .on_upgrade = echo_upgrade,
    .on_open = echo_open,
    .on_message = echo_message,
    .on_chunk = echo_chunk,
    .on_writable = echo_writable,
};

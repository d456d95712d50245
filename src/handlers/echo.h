/*
 * What the handlers that send messages back have in common.
 */
#ifndef WSRELAYD_HANDLERS_ECHO_H
#define WSRELAYD_HANDLERS_ECHO_H

#include "handlers/echo_queue.h"
#include "handlers/handler.h"

/* The settings of the handler echo. */
struct echo_settings {
    char *greeting; /* UTF-8; NULL: none */
    bool controls;
    struct echo_queue_limits queue;
};

/* The callbacks of a plain echo. */
void echo_message(struct conn *conn, enum message_type type, const uint8_t *bytes, size_t length);
void echo_chunk(struct conn *conn, enum message_type type, const uint8_t *bytes, size_t length,
                bool first, bool last);
void echo_writable(struct conn *conn);

/* What follows when something was not simply queued: reading stops, or the connection ends. */
void echo_answer_result(struct conn *conn, enum send_result result);

/* Sends the greeting of the connection's settings, if they have one. */
enum send_result echo_greet(struct conn *conn);

#endif

/*
 * Answers of the admin listener: heads, and errors as JSON.
 */
#ifndef WSRELAYD_ADMIN_REPLY_H
#define WSRELAYD_ADMIN_REPLY_H

#include "base/slice.h"

#include <event2/buffer.h>
#include <jansson.h>
#include <stdbool.h>

#define REPLY_JSON "application/json"
#define REPLY_TEXT "text/plain; charset=utf-8"

struct reply {
    int status;
    const char *content_type;
    const char *allow; /* of a 405: the methods; else NULL */
    bool head_only;    /* the head alone, with the length that the content would have */
    struct slice content;
};

/* Appends the whole answer. Returns false when memory is short. */
bool reply_write(struct evbuffer *output, const struct reply *reply);

/* The error with this HTTP status: {"error": {"code", "message", "details"}}. Takes over `details`
 * (NULL: none). NULL when memory is short. */
json_t *reply_error(int status, const char *message, json_t *details);

#endif

/*
 * A request to the admin listener: what of its head matters there. Pure; slices point into the
 * head.
 */
#ifndef WSRELAYD_ADMIN_REQUEST_H
#define WSRELAYD_ADMIN_REQUEST_H

#include "base/slice.h"
#include "protocol/http.h"

#include <stdbool.h>
#include <stddef.h>

enum {
    REQUEST_LINE_MAX_BYTES = 4096,    /* 414 beyond */
    REQUEST_HEAD_MAX_BYTES = 8192,    /* 431 beyond */
    REQUEST_FIELDS_MAX = 64,          /* 431 beyond */
    REQUEST_BODY_MAX_BYTES = 1 << 20, /* 413 beyond */
};

extern const struct http_limits request_limits;

struct request {
    struct slice method;        /* GET for HEAD, too */
    bool head_only;             /* it is HEAD: the answer has no content */
    struct slice path;          /* as sent, without the query */
    struct slice query;         /* as sent, without "?"; may be empty */
    struct slice authorization; /* the field's value, or empty */
    bool wants_open_metrics;    /* Accept names application/openmetrics-text */
    bool expects_continue;      /* nothing of the body comes before a 100 */
    size_t body_bytes;
};

/* Takes a complete head apart. Returns false with what to answer. */
bool request_read(struct slice head, struct request *request, struct http_refusal *refusal);

/*
 * The value of a parameter of the query, percent-decoded, in `value` (`capacity` bytes,
 * terminated). Returns 1, 0 if there is none of that name, or -1 if it is too long, holds a NUL or
 * is not well-formed.
 */
int request_parameter(struct slice query, const char *name, char *value, size_t capacity);

/* The name of the first parameter that is none of `names`, which a NULL ends; empty: there is none.
 */
struct slice request_unknown_parameter(struct slice query, const char *const *names);

#endif

/*
 * RFC 9112 request heads, as strict as a WebSocket server can be: what a lenient parser would
 * repair is refused. Pure: no I/O, no memory of its own; results point into the caller's bytes.
 */
#ifndef WSRELAYD_PROTOCOL_HTTP_H
#define WSRELAYD_PROTOCOL_HTTP_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct http_limits {
    size_t request_line_bytes; /* 414 beyond; the CRLF does not count */
    size_t head_bytes;         /* 431 beyond; all of it, the empty line included */
    size_t fields;             /* 431 beyond */
};

/* What to answer instead of 101. */
struct http_refusal {
    int status;
    const char *reason; /* one static sentence that says what was wrong */
    bool head_only;     /* the request is HEAD, whose answer has no content */
};

/* Progress through a head that arrives in pieces; each byte is looked at once. Zero-filled at
 * the start. */
struct http_scanner {
    size_t scanned;    /* bytes looked at */
    size_t line_start; /* offset of the current line */
    size_t lines;      /* complete lines, the request line included */
};

enum http_verdict {
    HTTP_NEED_MORE,
    HTTP_COMPLETE, /* scanner->scanned is the size of the head */
    HTTP_REFUSED,
};

/*
 * Looks at the bytes of a head received so far, `data` always beginning with its first byte.
 * Finds its end; refuses bare LF and CR, control bytes, leading empty lines and heads over a limit
 * as soon as they show, without waiting for the end.
 */
enum http_verdict http_scan(struct http_scanner *scanner, const struct http_limits *limits,
                            struct slice data, struct http_refusal *refusal);

struct http_field {
    struct slice name;
    struct slice value; /* without the blanks around it */
};

struct http_head {
    struct slice method;
    struct slice target;
    int version_minor; /* of HTTP/1.x */
    struct http_field *fields;
    size_t field_count;
};

/*
 * Parses a complete head. `fields` has room for `capacity` (limits.fields) of them. Returns false
 * with the refusal when the grammar is broken anywhere.
 */
bool http_parse(struct slice head, struct http_field *fields, size_t capacity,
                struct http_head *parsed, struct http_refusal *refusal);

/* The value of a field that may stand once; data is NULL when it is absent. False when it is there
 * more often. */
bool http_single_field(const struct http_head *head, struct slice name, struct slice *value);

bool http_has_field(const struct http_head *head, struct slice name);

/* Reads the value of Content-Length, which is 0 when data is NULL. False when it is not a number,
 * or not one that fits. */
bool http_parse_length(struct slice value, size_t *length);

/* Whether every byte is a tchar of RFC 9110 section 5.6.2, and there is one. */
bool http_is_token(struct slice text);

/*
 * The elements of a comma-separated list, over all fields of that name, in order: *cursor is
 * zero-filled at the start. Gives each element trimmed, empty ones too; returns false at the end.
 */
struct http_list_cursor {
    size_t field;
    size_t offset; /* in its value, behind the last comma */
};
bool http_list_next(const struct http_head *head, struct slice name,
                    struct http_list_cursor *cursor, struct slice *element);

#endif

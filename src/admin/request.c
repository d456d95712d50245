/*
 * Reading heads and queries.
 */
#include "admin/request.h"

#include <stdint.h>
#include <string.h>

const struct http_limits request_limits = {.request_line_bytes = REQUEST_LINE_MAX_BYTES,
                                           .head_bytes = REQUEST_HEAD_MAX_BYTES,
                                           .fields = REQUEST_FIELDS_MAX};

static bool refuse(struct http_refusal *refusal, int status, const char *reason)
{
    refusal->status = status;
    refusal->reason = reason;
    return false;
}

/* ---- fields ---- */

static size_t count_fields(const struct http_head *head, struct slice name, struct slice *value)
{
    size_t count = 0;

    *value = (struct slice){NULL, 0};
    for (size_t i = 0; i < head->field_count; i++) {
        if (slice_equal_nocase(head->fields[i].name, name)) {
            *value = head->fields[i].value;
            count++;
        }
    }
    return count;
}

/* Digits alone; more than any limit is as good as the first number beyond it. */
static bool read_number(struct slice text, size_t *number)
{
    *number = 0;
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        if (*number <= REQUEST_BODY_MAX_BYTES) {
            *number = *number * 10 + (size_t)(text.data[i] - '0');
        }
    }
    return text.length > 0;
}

/* RFC 9112 section 6: of the two ways to say where a body ends, one is taken. */
static bool read_body_length(const struct http_head *head, struct request *request,
                             struct http_refusal *refusal)
{
    struct slice value;
    size_t lengths;

    if (count_fields(head, SLICE("Transfer-Encoding"), &value) > 0) {
        return refuse(refusal, 400, "a body must have a Content-Length, not a Transfer-Encoding");
    }
    lengths = count_fields(head, SLICE("Content-Length"), &value);
    if (lengths == 0) {
        return true;
    }
    if (lengths > 1 || !read_number(value, &request->body_bytes)) {
        return refuse(refusal, 400, "Content-Length must be one number");
    }
    if (request->body_bytes > REQUEST_BODY_MAX_BYTES) {
        return refuse(refusal, 413, "the body is larger than 1 MiB");
    }
    return true;
}

/* Of an element of Accept: without its parameters. */
static struct slice media_type(struct slice element)
{
    size_t length = 0;

    while (length < element.length && element.data[length] != ';' && element.data[length] != ' ' &&
           element.data[length] != '\t') {
        length++;
    }
    return (struct slice){element.data, length};
}

static bool accepts_open_metrics(const struct http_head *head)
{
    struct http_list_cursor cursor = {0};
    struct slice element;

    while (http_list_next(head, SLICE("Accept"), &cursor, &element)) {
        if (slice_equal_nocase(media_type(element), SLICE("application/openmetrics-text"))) {
            return true;
        }
    }
    return false;
}

/* Only the origin-form: this is no proxy. */
static bool read_target(struct slice target, struct request *request, struct http_refusal *refusal)
{
    const char *mark = target.length > 0 ? memchr(target.data, '?', target.length) : NULL;

    if (target.length == 0 || target.data[0] != '/') {
        return refuse(refusal, 400, "the request target does not begin with /");
    }
    request->path = target;
    if (mark != NULL) {
        request->path.length = (size_t)(mark - target.data);
        request->query = (struct slice){mark + 1, target.length - request->path.length - 1};
    }
    return true;
}

bool request_read(struct slice head_bytes, struct request *request, struct http_refusal *refusal)
{
    struct http_field fields[REQUEST_FIELDS_MAX];
    struct http_head head;
    struct slice value;

    *request = (struct request){0};
    if (!http_parse(head_bytes, fields, REQUEST_FIELDS_MAX, &head, refusal)) {
        return false;
    }
    request->head_only = refusal->head_only;
    request->method = refusal->head_only ? SLICE("GET") : head.method;
    if (count_fields(&head, SLICE("Authorization"), &request->authorization) > 1) {
        return refuse(refusal, 400, "there is more than one Authorization");
    }
    request->wants_open_metrics = accepts_open_metrics(&head);
    request->expects_continue = count_fields(&head, SLICE("Expect"), &value) > 0 &&
                                slice_equal_nocase(value, SLICE("100-continue"));
    return read_target(head.target, request, refusal) && read_body_length(&head, request, refusal);
}

/* ---- the query ---- */

/* Moves the next NAME=VALUE from *rest; false at the end. */
static bool next_parameter(struct slice *rest, struct slice *name, struct slice *value)
{
    const char *end;
    const char *equals;

    if (rest->length == 0) {
        return false;
    }
    end = memchr(rest->data, '&', rest->length);
    *name = *rest;
    if (end != NULL) {
        name->length = (size_t)(end - rest->data);
        *rest = (struct slice){end + 1, rest->length - name->length - 1};
    } else {
        *rest = (struct slice){NULL, 0};
    }
    equals = name->length > 0 ? memchr(name->data, '=', name->length) : NULL;
    *value = (struct slice){NULL, 0};
    if (equals != NULL) {
        *value = (struct slice){equals + 1, name->length - (size_t)(equals - name->data) - 1};
        name->length = (size_t)(equals - name->data);
    }
    return true;
}

static int hex_digit(char byte)
{
    if (byte >= '0' && byte <= '9') {
        return byte - '0';
    }
    if (byte >= 'a' && byte <= 'f') {
        return byte - 'a' + 10;
    }
    return byte >= 'A' && byte <= 'F' ? byte - 'A' + 10 : -1;
}

/* Takes one character, an escape or "+" off *text; -1: not well-formed. */
static int take_byte(struct slice *text)
{
    size_t used = 1;
    int byte = (unsigned char)text->data[0];

    if (byte == '+') {
        byte = ' ';
    } else if (byte == '%') {
        int high = text->length >= 3 ? hex_digit(text->data[1]) : -1;
        int low = text->length >= 3 ? hex_digit(text->data[2]) : -1;

        if (high < 0 || low < 0) {
            return -1;
        }
        byte = high * 16 + low;
        used = 3;
    }
    text->data += used;
    text->length -= used;
    return byte;
}

static int decode(struct slice text, char *value, size_t capacity)
{
    size_t length = 0;

    while (text.length > 0) {
        int byte = take_byte(&text);

        if (byte <= 0 || length + 1 >= capacity) {
            return -1;
        }
        value[length++] = (char)byte;
    }
    value[length] = '\0';
    return 1;
}

int request_parameter(struct slice query, const char *name, char *value, size_t capacity)
{
    struct slice found;
    struct slice text;

    while (next_parameter(&query, &found, &text)) {
        if (slice_equal(found, slice_of(name))) {
            return decode(text, value, capacity);
        }
    }
    value[0] = '\0';
    return 0;
}

struct slice request_unknown_parameter(struct slice query, const char *const *names)
{
    struct slice name;
    struct slice value;

    while (next_parameter(&query, &name, &value)) {
        const char *const *known = names;

        while (*known != NULL && !slice_equal(slice_of(*known), name)) {
            known++;
        }
        if (*known == NULL && name.length > 0) {
            return name;
        }
    }
    return (struct slice){NULL, 0};
}

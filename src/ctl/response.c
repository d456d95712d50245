/*
 * RFC 9112 sections 4 to 6, as far as the admin listener uses them.
 */
#include "ctl/response.h"

#include "ctl/memory.h"
#include "protocol/http.h"

#include <stdlib.h>

enum { CONTENT_LENGTH_DIGITS_MAX = 15 };

static void append(struct response *response, struct slice bytes)
{
    if (response->capacity - response->length <= bytes.length) {
        response->capacity = 2 * response->capacity + bytes.length + 1;
        response->bytes = memory_got(realloc(response->bytes, response->capacity));
    }
    memcpy(response->bytes + response->length, bytes.data, bytes.length);
    response->length += bytes.length;
    response->bytes[response->length] = '\0';
}

static bool is_digit(char byte)
{
    return byte >= '0' && byte <= '9';
}

/* "HTTP/1.1 200 OK", of which the reason may be absent. */
static bool parse_status_line(struct response *response, struct slice line)
{
    const char *text = line.data;

    if (line.length < strlen("HTTP/1.1 200") || memcmp(text, "HTTP/1.", 7) != 0 ||
        !is_digit(text[7]) || text[8] != ' ' || !is_digit(text[9]) || !is_digit(text[10]) ||
        !is_digit(text[11]) || (line.length > 12 && text[12] != ' ')) {
        return false;
    }
    response->status = (text[9] - '0') * 100 + (text[10] - '0') * 10 + (text[11] - '0');
    return response->status >= 200 && response->status <= 599;
}

static bool parse_length(struct slice digits, size_t *length)
{
    *length = 0;
    for (size_t i = 0; i < digits.length; i++) {
        if (!is_digit(digits.data[i])) {
            return false;
        }
        *length = *length * 10 + (size_t)(digits.data[i] - '0');
    }
    return digits.length > 0 && digits.length <= CONTENT_LENGTH_DIGITS_MAX;
}

/* Returns NULL, or what is wrong. */
static const char *take_field(struct response *response, struct slice line, bool *has_length)
{
    const char *colon = memchr(line.data, ':', line.length);
    struct slice name = {line.data, colon != NULL ? (size_t)(colon - line.data) : 0};
    struct slice value;

    if (colon == NULL || !http_is_token(name)) {
        return "has a line in its head that is no field";
    }
    value = slice_trim((struct slice){colon + 1, line.length - name.length - 1});
    if (slice_equal_nocase(name, SLICE("Transfer-Encoding"))) {
        return "comes in pieces (Transfer-Encoding), which wsrelayd's never does";
    }
    if (slice_equal_nocase(name, SLICE("Content-Length"))) {
        if (*has_length || !parse_length(value, &response->body_bytes)) {
            return "has a Content-Length that makes no sense";
        }
        *has_length = true;
    }
    return NULL;
}

/* `head` ends with an empty line. */
static const char *parse_head(struct response *response, struct slice head)
{
    bool has_length = false;
    const char *end = memmem(head.data, head.length, "\r\n", 2);
    const char *start = end + 2;
    const char *problem = NULL;

    if (!parse_status_line(response, (struct slice){head.data, (size_t)(end - head.data)})) {
        return "does not begin as one of HTTP/1.1 does";
    }
    while (problem == NULL && start < head.data + head.length - 2) {
        end = memmem(start, head.length - (size_t)(start - head.data), "\r\n", 2);
        problem = take_field(response, (struct slice){start, (size_t)(end - start)}, &has_length);
        start = end + 2;
    }
    if (problem == NULL && !has_length) {
        return "has no Content-Length";
    }
    if (problem == NULL && response->body_bytes > RESPONSE_BODY_MAX_BYTES) {
        return "is larger than 64 MiB";
    }
    return problem;
}

/* Looks for the end of the head, in front of which at most `known` bytes have been looked at. */
static const char *find_head(struct response *response, size_t known)
{
    size_t from = known > 3 ? known - 3 : 0;
    const char *end = memmem(response->bytes + from, response->length - from, "\r\n\r\n", 4);
    size_t bytes = end != NULL ? (size_t)(end - response->bytes) + 4 : response->length;

    if (bytes > RESPONSE_HEAD_MAX_BYTES) {
        return "has a head of more than 16 KiB";
    }
    if (end == NULL) {
        return NULL;
    }
    response->head_bytes = bytes;
    return parse_head(response, (struct slice){response->bytes, bytes});
}

enum response_verdict response_take(struct response *response, struct slice bytes,
                                    const char **problem)
{
    size_t known = response->length;

    *problem = NULL;
    append(response, bytes);
    if (response->head_bytes == 0) {
        *problem = find_head(response, known);
    }
    if (*problem == NULL && response->head_bytes > 0 &&
        response->length - response->head_bytes > response->body_bytes) {
        *problem = "is longer than it says";
    }
    if (*problem != NULL) {
        return RESPONSE_WRONG;
    }
    return response->head_bytes > 0 &&
                   response->length - response->head_bytes == response->body_bytes
               ? RESPONSE_COMPLETE
               : RESPONSE_INCOMPLETE;
}

struct slice response_body(const struct response *response)
{
    return (struct slice){response->bytes + response->head_bytes, response->body_bytes};
}

void response_free(struct response *response)
{
    free(response->bytes);
    *response = (struct response){.status = 0};
}

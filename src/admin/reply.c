/*
 * Writing answers.
 */
#include "admin/reply.h"

#include <stddef.h>

/* Every status that is answered with. */
static const struct {
    int status;
    const char *phrase;
    const char *code; /* of the error; NULL: it is none */
} statuses[] = {
    {200, "OK", NULL},
    {202, "Accepted", NULL},
    {400, "Bad Request", "bad_request"},
    {401, "Unauthorized", "unauthorized"},
    {404, "Not Found", "not_found"},
    {405, "Method Not Allowed", "method_not_allowed"},
    {409, "Conflict", "conflict"},
    {413, "Content Too Large", "too_large"},
    {414, "URI Too Long", "too_large"},
    {431, "Request Header Fields Too Large", "too_large"},
    {500, "Internal Server Error", "internal"},
    {503, "Service Unavailable", "unavailable"},
};

enum { STATUS_COUNT = sizeof statuses / sizeof statuses[0] };

static size_t find_status(int status)
{
    size_t i = 0;

    while (i + 1 < STATUS_COUNT && statuses[i].status != status) {
        i++;
    }
    return i;
}

bool reply_write(struct evbuffer *output, const struct reply *reply)
{
    int written = evbuffer_add_printf(
        output,
        "HTTP/1.1 %d %s\r\n"
        "Content-Type: %s\r\n"
        "Content-Length: %zu\r\n"
        "Cache-Control: no-store\r\n"
        "X-Content-Type-Options: nosniff\r\n"
        "%s%s%s%s"
        "Connection: close\r\n\r\n",
        reply->status, statuses[find_status(reply->status)].phrase, reply->content_type,
        reply->content.length, reply->allow != NULL ? "Allow: " : "",
        reply->allow != NULL ? reply->allow : "", reply->allow != NULL ? "\r\n" : "",
        reply->status == 401 ? "WWW-Authenticate: Bearer\r\n" : "");

    return written >= 0 && (reply->head_only ||
                            evbuffer_add(output, reply->content.data, reply->content.length) == 0);
}

json_t *reply_error(int status, const char *message, json_t *details)
{
    return json_pack("{s:{s:s, s:s, s:o}}", "error", "code", statuses[find_status(status)].code,
                     "message", message, "details", details != NULL ? details : json_object());
}

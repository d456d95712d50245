/*
 * What requests get that open no WebSocket, where a route has a page: the page, and below any path
 * an echo of the request (/.http) and server-sent events (/.sse). Everything ends with the
 * connection.
 */
#include "net/conn.h"
#include "net/loop.h"
#include "net/page_document.h"
#include "net/router.h"
#include "protocol/http_echo.h"
#include "protocol/upgrade.h"

#include <stdio.h>
#include <stdlib.h>

/* Behind the status line and the type of every answer but the page, whose head stands in its
 * document. What is reflected is text and never becomes anything else. */
#define COMMON_FIELDS                                                                              \
    "Cache-Control: no-store\r\n"                                                                  \
    "Content-Security-Policy: default-src 'none'; frame-ancestors 'none'\r\n"                      \
    "Referrer-Policy: no-referrer\r\n"                                                             \
    "X-Content-Type-Options: nosniff\r\n"                                                          \
    "Connection: close\r\n"

static const char events_head[] =
    "HTTP/1.1 200 OK\r\n"
    "Content-Type: text/event-stream\r\n" COMMON_FIELDS "X-Accel-Buffering: no\r\n"
    "\r\n";

static const char *const service_names[] = {
    [HTTP_SERVICE_PAGE] = "page",
    [HTTP_SERVICE_ECHO] = "http",
    [HTTP_SERVICE_EVENTS] = "sse",
};

/* The last segments of paths. What is before is the path of a WebSocket. */
static const struct {
    struct slice segment;
    enum http_service service;
} services[] = {
    {{"/.ws", 4}, HTTP_SERVICE_PAGE},
    {{"/.http", 6}, HTTP_SERVICE_ECHO},
    {{"/.sse", 5}, HTTP_SERVICE_EVENTS},
};

/* ---- which service ---- */

/* Takes the segment of a service from the end of *path, if one is there. */
static enum http_service take_segment(struct slice *path)
{
    for (size_t i = 0; i < sizeof services / sizeof services[0]; i++) {
        struct slice segment = services[i].segment;
        size_t before = path->length - segment.length;

        if (path->length >= segment.length &&
            memcmp(path->data + before, segment.data, segment.length) == 0) {
            *path = before > 0 ? (struct slice){path->data, before} : SLICE("/");
            return services[i].service;
        }
    }
    return HTTP_SERVICE_NONE;
}

static enum http_service service_at(const struct snapshot *snapshot, struct slice host,
                                    struct slice path)
{
    enum http_service service = take_segment(&path);

    if (service == HTTP_SERVICE_NONE) {
        return router_has_page(snapshot, host, path, false) ? HTTP_SERVICE_PAGE : HTTP_SERVICE_NONE;
    }
    return router_has_page(snapshot, host, path, true) ? service : HTTP_SERVICE_NONE;
}

static bool is_head_request(const struct http_head *head)
{
    return slice_equal(head->method, SLICE("HEAD"));
}

static bool has_content(const struct http_head *head)
{
    struct slice length;

    return http_has_field(head, SLICE("Transfer-Encoding")) ||
           !http_single_field(head, SLICE("Content-Length"), &length) ||
           (length.data != NULL && !slice_equal(length, SLICE("0")));
}

/* Only the echo has a use for other methods and for content. */
static bool serves(enum http_service service, const struct http_head *head)
{
    if (service == HTTP_SERVICE_ECHO) {
        return true;
    }
    return (slice_equal(head->method, SLICE("GET")) || is_head_request(head)) && !has_content(head);
}

enum http_service conn_find_service(struct conn *conn, const struct http_head *head)
{
    char host[UPGRADE_HOST_MAX_BYTES];
    struct upgrade_request request;
    enum http_service service;

    if (upgrade_is_wanted(head) ||
        !upgrade_check_plain(head, conn->loop->path_buffer, host, &request)) {
        return HTTP_SERVICE_NONE;
    }
    service = service_at(conn->loop->snapshot, request.host, request.target.path);
    return serves(service, head) ? service : HTTP_SERVICE_NONE;
}

/* ---- answers ---- */

/* The answer is about to be sent, and is the last thing that is. It may take as long as the
 * handshake might have taken. */
static void begin_answer(struct conn *conn, enum http_service service)
{
    struct loop *loop = conn->loop;

    counter_add(&loop->counters, COUNTER_PAGES, 1);
    conn_log_served(conn, service_names[service]);
    conn_set_state(conn, CONN_FINISHING);
    conn->phase_end_ms = loop_now(loop) + loop->snapshot->timeouts.handshake_ms;
}

static void end_answer(struct conn *conn)
{
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
}

static void serve_page(struct conn *conn, bool head_only)
{
    begin_answer(conn, HTTP_SERVICE_PAGE);
    conn_send_shared_response(conn, &page_document,
                              head_only ? page_document_head_bytes : page_document.length);
    end_answer(conn);
}

static void serve_events(struct conn *conn, bool head_only)
{
    struct loop *loop = conn->loop;

    if (head_only) {
        begin_answer(conn, HTTP_SERVICE_EVENTS);
        conn_send_response(conn, events_head, sizeof events_head - 1);
        end_answer(conn);
        return;
    }
    counter_add(&loop->counters, COUNTER_PAGES, 1);
    conn_log_served(conn, service_names[HTTP_SERVICE_EVENTS]);
    conn_set_state(conn, CONN_EVENTS);
    conn_send_response(conn, events_head, sizeof events_head - 1);
    if (conn->state != CONN_DEAD) {
        conn_start_events(conn);
    }
}

static void send_echo(struct conn *conn, const struct plain_request *request)
{
    static const char head[] = "HTTP/1.1 200 OK\r\n"
                               "Content-Type: text/plain; charset=utf-8\r\n"
                               "Content-Length: %zu\r\n" COMMON_FIELDS "\r\n";
    size_t most = HTTP_ECHO_GROWTH * (request->head_bytes.length + request->content.length);
    char *text = malloc(most);
    size_t length;
    char response[sizeof head + 20];

    if (text == NULL) {
        conn_kill(conn, CLOSE_INTERNAL_ERROR, "memory is short");
        return;
    }
    length = http_echo_write(text, request->head_bytes, request->content);
    conn_send_response(conn, response, (size_t)snprintf(response, sizeof response, head, length));
    if (conn->state != CONN_DEAD && !is_head_request(request->head)) {
        conn_send_response(conn, text, length);
    }
    free(text);
}

/* How much content a request has. False with the refusal if that is too much or not to be known. */
static bool content_length(const struct conn *conn, const struct plain_request *request,
                           size_t *length, struct http_refusal *refusal)
{
    size_t room = conn_http_limits(conn).head_bytes - request->head_bytes.length;
    struct slice value;

    refusal->head_only = is_head_request(request->head);
    *length = 0;
    if (http_has_field(request->head, SLICE("Transfer-Encoding"))) {
        refusal->status = 411;
        refusal->reason = "Content is echoed only with a Content-Length.";
    } else if (http_has_field(request->head, SLICE("Expect"))) {
        refusal->status = 417;
        refusal->reason = "Send the content without waiting for a 100.";
    } else if (!http_single_field(request->head, SLICE("Content-Length"), &value) ||
               !http_parse_length(value, length)) {
        refusal->status = 400;
        refusal->reason = "The Content-Length is not a number.";
    } else if (*length > room) {
        refusal->status = 413;
        refusal->reason = "Head and content are larger than limits.header_size.";
    } else {
        return true;
    }
    return false;
}

static size_t serve_echo(struct conn *conn, const struct plain_request *request)
{
    struct plain_request complete = *request;
    struct http_refusal refusal = {0};
    size_t length;

    if (!content_length(conn, request, &length, &refusal)) {
        conn_refuse(conn, &refusal);
        return 0;
    }
    if (request->content.length < length) {
        return request->head_bytes.length + length;
    }
    complete.content.length = length;
    begin_answer(conn, HTTP_SERVICE_ECHO);
    send_echo(conn, &complete);
    end_answer(conn);
    return 0;
}

size_t conn_serve(struct conn *conn, enum http_service service, const struct plain_request *request)
{
    bool head_only = is_head_request(request->head);

    switch (service) {
    case HTTP_SERVICE_ECHO:
        return serve_echo(conn, request);
    case HTTP_SERVICE_EVENTS:
        serve_events(conn, head_only);
        break;
    default:
        serve_page(conn, head_only);
        break;
    }
    return 0;
}

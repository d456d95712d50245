/*
 * From the first byte of a request to 101 or a refusal: RFC 6455 section 4.2.
 */
#include "net/conn.h"
#include "net/loop.h"
#include "net/router.h"
#include "protocol/origin.h"
#include "protocol/upgrade.h"

#include <stdlib.h>
#include <string.h>

static const struct http_refusal no_memory = {.status = 503,
                                              .reason = "The server is short of memory."};
static const struct http_refusal over_limit = {.status = 503,
                                               .reason = "The server has too many connections."};
static const struct http_refusal stopping = {.status = 503, .reason = "The server is stopping."};
static const struct http_refusal no_route = {.status = 404,
                                             .reason = "There is no WebSocket at this path."};
static const struct http_refusal bad_origin = {
    .status = 403, .reason = "Pages of this origin may not connect here."};

/* A head that has been begun may not become larger than its memory, whatever is allowed now. */
static struct http_limits http_limits(const struct conn *conn)
{
    const struct limits_config *limits = &conn->loop->snapshot->limits;
    size_t room = conn->head != NULL ? conn->head->capacity - 1 : limits->header_bytes;

    return (struct http_limits){.request_line_bytes = limits->request_line_bytes,
                                .head_bytes =
                                    room < limits->header_bytes ? room : limits->header_bytes,
                                .fields = limits->headers};
}

void conn_refuse(struct conn *conn, const struct http_refusal *refusal)
{
    struct loop *loop = conn->loop;
    char response[UPGRADE_RESPONSE_MAX_BYTES];
    size_t length = upgrade_write_refused(response, refusal);

    counter_add(&loop->counters, COUNTER_REFUSALS, 1);
    if (refusal->status == 414 || refusal->status == 431) {
        counter_add(&loop->counters, COUNTER_HEAD_TOO_LARGE, 1);
    }
    conn_log_refused(conn, refusal);
    conn_set_state(conn, CONN_FINISHING);
    conn->phase_end_ms = loop_now(loop) + loop->snapshot->timeouts.close_ms;
    conn_send_response(conn, response, length);
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
}

static bool origin_allowed(const struct route_settings *settings, struct slice origin)
{
    if (settings->any_origin || origin.data == NULL) {
        return true;
    }
    for (size_t i = 0; i < settings->origins.count; i++) {
        if (origin_matches(slice_of(settings->origins.items[i]), origin)) {
            return true;
        }
    }
    return false;
}

/* Gives the handler its memory and asks it. */
static bool handler_accepts(struct conn *conn, const struct upgrade_info *info,
                            struct http_refusal *refusal)
{
    const struct handler *handler = conn->handler;

    if (handler->state_bytes > 0) {
        /* Not from the pool, whose classes would cost a member of a room 80 bytes instead of 48. */
        conn->handler_state = calloc(1, handler->state_bytes);
        if (conn->handler_state == NULL) {
            *refusal = no_memory;
            return false;
        }
    }
    if (handler->on_upgrade != NULL &&
        handler->on_upgrade(conn, info, &refusal->status, &refusal->reason) == UPGRADE_REFUSE) {
        return false;
    }
    conn->attached = true;
    return true;
}

/* Finds the route of a request that is in order and lets route and handler decide. */
static bool route_accepts(struct conn *conn, const struct http_head *head,
                          const struct upgrade_request *request, struct http_refusal *refusal)
{
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
    struct upgrade_info info = {.path = request->target.path,
                                .query = request->target.query,
                                .host = request->host,
                                .captures = captures};
    struct route *route =
        router_find(conn->loop->snapshot, request->host, info.path, captures, &info.capture_count);
    const struct route_settings *settings;

    if (route == NULL) {
        *refusal = no_route;
        return false;
    }
    settings = &route->config.settings;
    conn->route = route_hold(route);
    conn->handler = (const struct handler *)(const void *)route->config.handler;
    if (!origin_allowed(settings, request->origin)) {
        *refusal = bad_origin;
        return false;
    }
    conn->subprotocol = upgrade_choose_subprotocol(
        head, (const char *const *)settings->subprotocols.items, settings->subprotocols.count);
    info.pattern = route->config.path;
    info.subprotocol = conn->subprotocol;
    return handler_accepts(conn, &info, refusal);
}

static void open_connection(struct conn *conn, const struct upgrade_request *request)
{
    struct loop *loop = conn->loop;
    char response[UPGRADE_RESPONSE_MAX_BYTES];
    size_t length = upgrade_write_accepted(response, request->key, conn->subprotocol);

    counter_add(&loop->counters, COUNTER_UPGRADES, 1);
    conn->counters = route_counters_of(&loop->routes, &conn->route->config);
    conn_set_state(conn, CONN_OPEN);
    conn->opened = true;
    conn->opened_ms = loop_now(loop);
    conn->message_ms = conn->opened_ms;
    conn->phase_end_ms = 0;
    conn_log_opened(conn);
    conn_send_response(conn, response, length);
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
}

/* Whether this connection is taken at all, whatever it asks for. */
static bool server_accepts(const struct conn *conn, struct http_refusal *refusal)
{
    if (conn->admission == ADMISSION_OVERFLOW) {
        counter_add(&conn->loop->counters, COUNTER_OVER_LIMIT, 1);
        *refusal = over_limit;
        return false;
    }
    if (conn->loop->stopping) {
        *refusal = stopping;
        return false;
    }
    return true;
}

static void answer_head(struct conn *conn, struct slice head_bytes)
{
    struct loop *loop = conn->loop;
    char host[UPGRADE_HOST_MAX_BYTES];
    struct http_head head;
    struct upgrade_request request;
    struct http_refusal refusal = {0};

    if (http_parse(head_bytes, loop->fields, loop->snapshot->limits.headers, &head, &refusal) &&
        upgrade_check(&head, loop->path_buffer, host, &request, &refusal) &&
        server_accepts(conn, &refusal) && route_accepts(conn, &head, &request, &refusal)) {
        open_connection(conn, &request);
    } else {
        conn_refuse(conn, &refusal);
    }
}

/* ---- collecting the head ---- */

static bool begin_head(struct conn *conn)
{
    size_t capacity = conn->loop->snapshot->limits.header_bytes + 1;

    conn->head = pool_alloc(&conn->loop->pool, sizeof *conn->head + capacity, NULL);
    if (conn->head == NULL) {
        return false;
    }
    *conn->head = (struct head_assembly){.capacity = capacity};
    return true;
}

/* Keeps bytes of an incomplete head; what is beyond the limit is not needed to refuse it. */
static bool keep_head(struct conn *conn, const uint8_t *bytes, size_t length)
{
    size_t room;

    if (conn->head == NULL && !begin_head(conn)) {
        return false;
    }
    room = conn->head->capacity - conn->head->length;
    length = length < room ? length : room;
    memcpy(conn->head->bytes + conn->head->length, bytes, length);
    conn->head->length += length;
    return true;
}

void conn_free_head(struct conn *conn)
{
    if (conn->head != NULL) {
        pool_free(&conn->loop->pool, conn->head, sizeof *conn->head + conn->head->capacity);
        conn->head = NULL;
    }
}

/*
 * A reload may have changed the limits since a head was begun, and with them the buffers that it is
 * parsed into: one that came in pieces is judged once more, as a whole.
 */
static enum http_verdict scan_head(struct http_scanner *scanner, const struct http_limits *limits,
                                   struct slice head, bool in_pieces, struct http_refusal *refusal)
{
    enum http_verdict verdict = http_scan(scanner, limits, head, refusal);

    if (verdict == HTTP_COMPLETE && in_pieces) {
        *scanner = (struct http_scanner){0};
        verdict = http_scan(scanner, limits, head, refusal);
    }
    return verdict;
}

void conn_upgrade_input(struct conn *conn, const uint8_t *bytes, size_t length)
{
    struct http_limits limits = http_limits(conn);
    struct http_scanner scanner =
        conn->head != NULL ? conn->head->scanner : (struct http_scanner){0};
    size_t kept = conn->head != NULL ? conn->head->length : 0;
    struct slice head = {(const char *)bytes, length};
    struct http_refusal refusal = {0};

    if (kept > 0) {
        if (!keep_head(conn, bytes, length)) {
            conn_refuse(conn, &no_memory);
            return;
        }
        head = (struct slice){(const char *)conn->head->bytes, conn->head->length};
    }
    switch (scan_head(&scanner, &limits, head, kept > 0, &refusal)) {
    case HTTP_NEED_MORE:
        if (kept == 0 && !keep_head(conn, bytes, length)) {
            conn_refuse(conn, &no_memory);
            return;
        }
        conn->head->scanner = scanner;
        return;
    case HTTP_REFUSED:
        conn_refuse(conn, &refusal);
        break;
    case HTTP_COMPLETE:
        head.length = scanner.scanned;
        answer_head(conn, head);
        break;
    }
    conn_free_head(conn);
    if (conn->state == CONN_OPEN && kept + length > scanner.scanned) {
        size_t used = scanner.scanned - kept;

        conn_receive(conn, bytes + used, length - used);
    }
}

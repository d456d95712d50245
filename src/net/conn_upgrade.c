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
static const struct http_refusal no_hash = {
    .status = 500, .reason = "The key cannot be hashed: memory is short, or SHA-1 is missing."};
static const struct http_refusal over_limit = {.status = 503,
                                               .reason = "The server has too many connections."};
static const struct http_refusal stopping = {.status = 503, .reason = "The server is stopping."};
static const struct http_refusal no_route = {.status = 404,
                                             .reason = "There is no WebSocket at this path."};
static const struct http_refusal bad_origin = {
    .status = 403, .reason = "Pages of this origin may not connect here."};

/* Says why. Whether the request was one for a head alone has been found out before. */
static void refuse_for(struct http_refusal *refusal, const struct http_refusal *cause)
{
    refusal->status = cause->status;
    refusal->reason = cause->reason;
}

struct http_limits conn_http_limits(const struct conn *conn)
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

/* The state is not from the pool, whose classes would cost a member of a room 80 bytes instead of
 * 48. */
bool conn_become(struct conn *conn, const struct handler *handler)
{
    void *state = NULL;

    if (handler->state_bytes > 0) {
        state = calloc(1, handler->state_bytes);
        if (state == NULL) {
            return false;
        }
    }
    free(conn->handler_state);
    conn->handler_state = state;
    conn->handler = handler;
    return true;
}

void conn_set_subprotocol(struct conn *conn, const char *subprotocol)
{
    conn->subprotocol = subprotocol;
}

/* Gives the handler its memory and asks it. */
static bool handler_accepts(struct conn *conn, const struct handler *handler,
                            const struct upgrade_info *info, struct http_refusal *refusal)
{
    if (!conn_become(conn, handler)) {
        refuse_for(refusal, &no_memory);
        return false;
    }
    if (handler->on_upgrade != NULL &&
        handler->on_upgrade(conn, info, &refusal->status, &refusal->reason) == UPGRADE_REFUSE) {
        return false;
    }
    conn->attached = true;
    return true;
}

/* What a handler is shown of a request, and where the captures stand. */
struct shown {
    struct upgrade_info info;
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
};

/* Finds the route of a request that is in order and lets route and handler decide. */
static bool route_accepts(struct conn *conn, const struct http_head *head,
                          const struct upgrade_request *request, struct shown *shown,
                          struct http_refusal *refusal)
{
    struct upgrade_info *info = &shown->info;
    struct route *route = router_find(conn->loop->snapshot, request->host, request->target.path,
                                      shown->captures, &info->capture_count);
    const struct route_settings *settings;

    if (route == NULL) {
        refuse_for(refusal, &no_route);
        return false;
    }
    settings = &route->config.settings;
    conn->route = route_hold(route);
    if (!origin_allowed(settings, request->origin)) {
        refuse_for(refusal, &bad_origin);
        return false;
    }
    conn->subprotocol = upgrade_choose_subprotocol(
        head, (const char *const *)settings->subprotocols.items, settings->subprotocols.count);
    info->captures = shown->captures;
    info->path = request->target.path;
    info->query = request->target.query;
    info->host = request->host;
    info->pattern = route->config.path;
    info->subprotocol = conn->subprotocol;
    return handler_accepts(conn, (const struct handler *)(const void *)route->config.handler, info,
                           refusal);
}

static void open_connection(struct conn *conn, const struct upgrade_request *request,
                            struct upgrade_info *info)
{
    struct loop *loop = conn->loop;
    char response[UPGRADE_RESPONSE_MAX_BYTES];
    size_t length = upgrade_write_accepted(response, request->key, conn->subprotocol);

    if (length == 0) {
        conn_refuse(conn, &no_hash);
        return;
    }
    counter_add(&loop->counters, COUNTER_UPGRADES, 1);
    conn->counters = route_counters_of(&loop->routes, &conn->route->config);
    conn_set_state(conn, CONN_OPEN);
    conn->opened = true;
    conn->opened_ms = loop_now(loop);
    conn->message_ms = conn->opened_ms;
    conn->phase_end_ms = 0;
    conn_log_opened(conn);
    conn_send_response(conn, response, length);
    if (conn->state == CONN_OPEN && conn->handler->on_open != NULL) {
        info->subprotocol = conn->subprotocol;
        conn->handler->on_open(conn, info);
    }
    if (conn->state != CONN_DEAD) {
        conn_schedule(conn);
    }
}

/* Whether this connection is taken at all, whatever it asks for. */
static bool server_accepts(const struct conn *conn, struct http_refusal *refusal)
{
    if (conn->admission == ADMISSION_OVERFLOW) {
        counter_add(&conn->loop->counters, COUNTER_OVER_LIMIT, 1);
        refuse_for(refusal, &over_limit);
        return false;
    }
    if (conn->loop->stopping) {
        refuse_for(refusal, &stopping);
        return false;
    }
    return true;
}

/* A request that is no handshake in order: something else may be there for it. Returns what the
 * request has to become before it can be answered, or 0: it has been. */
static size_t answer_plain(struct conn *conn, const struct plain_request *request,
                           struct http_refusal *refusal)
{
    enum http_service service = conn_find_service(conn, request->head);

    if (service == HTTP_SERVICE_NONE || !server_accepts(conn, refusal)) {
        conn_refuse(conn, refusal);
        return 0;
    }
    return conn_serve(conn, service, request);
}

/* `content` is what has come behind the head so far. Returns as answer_plain does. */
static size_t answer_head(struct conn *conn, struct slice head_bytes, struct slice content)
{
    struct loop *loop = conn->loop;
    char host[UPGRADE_HOST_MAX_BYTES];
    struct shown shown;
    struct http_head head;
    struct upgrade_request request;
    struct http_refusal refusal = {0};

    if (!http_parse(head_bytes, loop->fields, loop->snapshot->limits.headers, &head, &refusal)) {
        conn_refuse(conn, &refusal);
        return 0;
    }
    if (!upgrade_check(&head, loop->path_buffer, host, &request, &refusal)) {
        struct plain_request plain = {&head, head_bytes, content};

        return answer_plain(conn, &plain, &refusal);
    }
    shown.info = (struct upgrade_info){.head = &head};
    if (server_accepts(conn, &refusal) && route_accepts(conn, &head, &request, &shown, &refusal)) {
        open_connection(conn, &request, &shown.info);
    } else {
        conn_refuse(conn, &refusal);
    }
    return 0;
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
 * Finds the end of the head; or, when that is known, waits for its content. A reload may have
 * changed the limits since a head was begun, and with them the buffers that it is parsed into: one
 * that came in pieces is judged once more, as a whole.
 */
static enum http_verdict scan(const struct conn *conn, struct http_scanner *scanner,
                              struct slice received, struct http_refusal *refusal)
{
    struct http_limits limits = conn_http_limits(conn);
    enum http_verdict verdict = HTTP_COMPLETE;

    if (conn->head == NULL || conn->head->awaited == 0) {
        verdict = http_scan(scanner, &limits, received, refusal);
    } else if (received.length < conn->head->awaited) {
        return HTTP_NEED_MORE;
    }
    if (verdict == HTTP_COMPLETE && conn->head != NULL) {
        *scanner = (struct http_scanner){0};
        verdict = http_scan(scanner, &limits, received, refusal);
    }
    return verdict;
}

/* Keeps what there is of a request that is not complete. */
static void await_more(struct conn *conn, const struct http_scanner *scanner, struct slice received,
                       size_t awaited)
{
    if (conn->head == NULL && !keep_head(conn, (const uint8_t *)received.data, received.length)) {
        conn_refuse(conn, &no_memory);
        return;
    }
    conn->head->scanner = *scanner;
    conn->head->awaited = awaited;
}

/* Looks at all that has been received of a request. Returns the size of its head if it has been
 * answered, else 0. */
static size_t take_request(struct conn *conn, struct slice received)
{
    struct http_scanner scanner =
        conn->head != NULL ? conn->head->scanner : (struct http_scanner){0};
    size_t awaited = conn->head != NULL ? conn->head->awaited : 0;
    struct http_refusal refusal = {0};

    switch (scan(conn, &scanner, received, &refusal)) {
    case HTTP_NEED_MORE:
        await_more(conn, &scanner, received, awaited);
        return 0;
    case HTTP_REFUSED:
        conn_refuse(conn, &refusal);
        break;
    case HTTP_COMPLETE:
        awaited = answer_head(
            conn, (struct slice){received.data, scanner.scanned},
            (struct slice){received.data + scanner.scanned, received.length - scanner.scanned});
        if (awaited > 0) {
            await_more(conn, &scanner, received, awaited);
            return 0;
        }
        break;
    }
    return scanner.scanned;
}

void conn_upgrade_input(struct conn *conn, const uint8_t *bytes, size_t length)
{
    size_t kept = conn->head != NULL ? conn->head->length : 0;
    struct slice received = {(const char *)bytes, length};
    size_t head_bytes;

    if (kept > 0) {
        if (!keep_head(conn, bytes, length)) {
            conn_refuse(conn, &no_memory);
            return;
        }
        received = (struct slice){(const char *)conn->head->bytes, conn->head->length};
    }
    head_bytes = take_request(conn, received);
    if (conn->state == CONN_UPGRADE) {
        return;
    }
    conn_free_head(conn);
    if ((conn->state == CONN_OPEN || conn->state == CONN_CLOSING) && kept + length > head_bytes) {
        size_t used = head_bytes - kept;

        conn_receive(conn, bytes + used, length - used);
    }
}

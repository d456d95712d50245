/*
 * From accept to close.
 *
 *   READING_HEAD -> READING_BODY -> ANSWERING -> SENDING -> LINGERING
 *
 * What a client sends too much is read away, so that it gets the answer and not a reset. Every
 * phase has a deadline; workers that are asked have theirs, and a reload takes as long as it does.
 */
#include "admin/exchange.h"

#include "admin/admin.h"
#include "admin/endpoints.h"

#include <errno.h>
#include <event2/bufferevent.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

enum {
    REQUEST_MS = 10000, /* for all of the request to arrive */
    SILENT_MS = 10000,  /* for the answer to be made, once the client has ended its side */
    SEND_MS = 10000,    /* for all of the answer to be taken */
    LINGER_MS = 2000,   /* for the client to end, too */
    WAITING_MAX_BYTES = REQUEST_HEAD_MAX_BYTES + REQUEST_BODY_MAX_BYTES,
};

enum exchange_state { READING_HEAD, READING_BODY, ANSWERING, SENDING, LINGERING };

struct exchange {
    struct admin *admin;
    struct exchange_link link;
    struct bufferevent *stream;
    struct event *timer;
    enum exchange_state state;
    struct survey *survey; /* what workers have been asked for this, or NULL */
    bool awaits_reload;
    bool client_ended; /* nothing more comes */
    bool full;         /* one more than there may be, which is only told so */
    struct request request;
    struct http_scanner scanner;
    const struct endpoint *endpoint;
    struct slice element;
    const char *allow; /* of the answer; NULL: none */
    char allow_text[ENDPOINT_ALLOW_BYTES];
    size_t head_length;
    char head[REQUEST_HEAD_MAX_BYTES];
};

struct admin *exchange_admin(const struct exchange *exchange)
{
    return exchange->admin;
}

const struct request *exchange_request(const struct exchange *exchange)
{
    return &exchange->request;
}

static void set_deadline(struct exchange *exchange, int delay_ms)
{
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000L};

    (void)event_add(exchange->timer, &delay);
}

void exchange_free(struct exchange *exchange)
{
    admin_forget(exchange->admin, &exchange->link);
    if (exchange->survey != NULL) {
        survey_forget(exchange->survey);
    }
    if (exchange->awaits_reload) {
        reloader_forget(admin_control(exchange->admin)->reloader, exchange);
    }
    if (exchange->timer != NULL) {
        event_free(exchange->timer);
    }
    if (exchange->stream != NULL) {
        bufferevent_free(exchange->stream); /* closes the socket */
    }
    free(exchange);
}

/* Who is only told that it is full keeps the time to read that. */
bool exchange_is_idle(const struct exchange *exchange)
{
    return exchange->state == READING_HEAD || exchange->state == READING_BODY ||
           (exchange->state == LINGERING && !exchange->full);
}

/* ---- answering ---- */

void exchange_answer(struct exchange *exchange, int status, const char *content_type,
                     struct slice content)
{
    struct reply reply = {.status = status,
                          .content_type = content_type,
                          .allow = exchange->allow,
                          .head_only = exchange->request.head_only,
                          .content = content};

    exchange->state = SENDING;
    set_deadline(exchange, SEND_MS);
    if (!reply_write(bufferevent_get_output(exchange->stream), &reply)) {
        (void)shutdown(bufferevent_getfd(exchange->stream), SHUT_RDWR);
    }
}

static void answer_no_memory(struct exchange *exchange)
{
    const struct slice content = SLICE(
        "{\"error\":{\"code\":\"internal\",\"message\":\"Memory is short.\",\"details\":{}}}\n");

    exchange_answer(exchange, 500, REPLY_JSON, content);
}

/* Of 17 digits the last ones would be the rounding of the other 15. */
void exchange_answer_json(struct exchange *exchange, int status, json_t *value)
{
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT | JSON_REAL_PRECISION(15)) : NULL;

    json_decref(value);
    if (text == NULL) {
        answer_no_memory(exchange);
        return;
    }
    exchange_answer(exchange, status, REPLY_JSON, slice_of(text));
    free(text);
}

void exchange_fail(struct exchange *exchange, int status, const char *message, json_t *details)
{
    exchange_answer_json(exchange, status, reply_error(status, message, details));
}

/* What the head parser says is the beginning of no sentence. */
static void fail_refused(struct exchange *exchange, const struct http_refusal *refusal)
{
    char message[160];

    snprintf(message, sizeof message, "%s.", refusal->reason);
    if (message[0] >= 'a' && message[0] <= 'z') {
        message[0] = (char)(message[0] - 'a' + 'A');
    }
    exchange->request.head_only = refusal->head_only;
    exchange_fail(exchange, refusal->status, message, NULL);
}

/* ---- asking workers ---- */

void exchange_ask(struct exchange *exchange, const struct survey_kind *kind, int worker,
                  const void *question, size_t question_bytes, survey_done *done)
{
    const struct survey_order order = {.kind = kind,
                                       .worker = worker,
                                       .question = question,
                                       .question_bytes = question_bytes,
                                       .trusted = exchange->link.trusted,
                                       .done = done,
                                       .owner = exchange};

    exchange->survey = survey_start(admin_surveyor(exchange->admin), &order);
    if (exchange->survey == NULL) {
        exchange_fail(exchange, 503, "Too many questions to the workers are unanswered.", NULL);
    }
}

void exchange_ask_reload(struct exchange *exchange, reload_done *done)
{
    exchange->awaits_reload =
        reloader_ask(admin_control(exchange->admin)->reloader, done, exchange);
    if (!exchange->awaits_reload) {
        answer_no_memory(exchange);
    }
}

void exchange_end_ask(struct exchange *exchange)
{
    exchange->awaits_reload = false;
    exchange->survey = NULL;
}

bool exchange_all_answered(struct exchange *exchange, const struct survey *survey)
{
    int silent = survey_first_silent(survey);

    exchange_end_ask(exchange);
    if (silent < 0) {
        return true;
    }
    exchange_fail(exchange, 503, "A worker does not answer.", json_pack("{s:i}", "worker", silent));
    return false;
}

/* ---- the request ---- */

json_t *exchange_body(struct exchange *exchange)
{
    struct evbuffer *input = bufferevent_get_input(exchange->stream);
    size_t length = exchange->request.body_bytes;
    const char *text = length > 0 ? (const char *)evbuffer_pullup(input, (ev_ssize_t)length) : "{}";
    json_error_t error;
    json_t *body = text != NULL ? json_loadb(text, length > 0 ? length : 2,
                                             JSON_REJECT_DUPLICATES | JSON_ALLOW_NUL, &error)
                                : NULL;

    if (body == NULL) {
        exchange_fail(exchange, 400, "The body is not JSON.",
                      json_pack("{s:s, s:i, s:i}", "error", text != NULL ? error.text : "memory",
                                "line", text != NULL ? error.line : 0, "column",
                                text != NULL ? error.column : 0));
        return NULL;
    }
    if (!json_is_object(body)) {
        json_decref(body);
        exchange_fail(exchange, 400, "The body is not a JSON object.", NULL);
        return NULL;
    }
    return body;
}

bool exchange_has_no_fields(struct exchange *exchange)
{
    json_t *body = exchange_body(exchange);
    bool empty = body != NULL && json_object_size(body) == 0;

    if (body != NULL && !empty) {
        exchange_fail(exchange, 400, "The body of this request must be empty.", NULL);
    }
    json_decref(body);
    return empty;
}

static void fail_unknown_parameter(struct exchange *exchange, struct slice name)
{
    json_t *text = json_stringn(name.data, name.length); /* NULL when it is not UTF-8 */

    exchange_fail(exchange, 400, "There is no such parameter.",
                  text != NULL ? json_pack("{s:o}", "parameter", text) : NULL);
}

static void run_endpoint(struct exchange *exchange)
{
    static const char *const none[] = {NULL};
    const struct endpoint *endpoint = exchange->endpoint;
    struct slice unknown = request_unknown_parameter(
        exchange->request.query, endpoint->parameters != NULL ? endpoint->parameters : none);

    exchange->state = ANSWERING;
    (void)event_del(exchange->timer);
    if (unknown.length > 0) {
        fail_unknown_parameter(exchange, unknown);
        return;
    }
    endpoint->answer(exchange, exchange->element);
}

static void continue_body(struct exchange *exchange)
{
    struct evbuffer *input = bufferevent_get_input(exchange->stream);

    if (evbuffer_get_length(input) >= exchange->request.body_bytes) {
        run_endpoint(exchange);
    }
}

static bool is_allowed(const struct exchange *exchange)
{
    return exchange->link.trusted || endpoint_is_free(exchange->request.path) ||
           token_opens(admin_token(exchange->admin), exchange->request.authorization);
}

static void fail_unauthorized(struct exchange *exchange)
{
    if (admin_token(exchange->admin)->length > 0) {
        exchange_fail(exchange, 401, "This needs the token of admin.token_file as a bearer token.",
                      NULL);
    } else {
        exchange_fail(
            exchange, 401,
            "Only /metrics, /healthz and /readyz are served here: admin.token_file is not "
            "set.",
            json_pack("{s:b}", "configured", 0));
    }
}

/* Whoever may not ask does not learn what there is. */
static void judge_request(struct exchange *exchange)
{
    struct request *request = &exchange->request;

    if (!is_allowed(exchange)) {
        fail_unauthorized(exchange);
        return;
    }
    switch (endpoint_find(request->method, request->path, &exchange->endpoint, &exchange->element,
                          exchange->allow_text)) {
    case ENDPOINT_FOUND:
        exchange->state = READING_BODY;
        if (request->expects_continue && request->body_bytes > 0) {
            (void)evbuffer_add_printf(bufferevent_get_output(exchange->stream),
                                      "HTTP/1.1 100 Continue\r\n\r\n");
        }
        continue_body(exchange);
        break;
    case ENDPOINT_WRONG_METHOD:
        exchange->allow = exchange->allow_text;
        exchange_fail(exchange, 405, "This path does not have that method.", NULL);
        break;
    case ENDPOINT_UNKNOWN:
        exchange_fail(exchange, 404, "There is nothing at this path.", NULL);
        break;
    }
}

static void take_head(struct exchange *exchange, struct evbuffer *input, size_t length)
{
    struct http_refusal refusal = {0};
    struct slice head = {exchange->head, length};

    (void)evbuffer_remove(input, exchange->head, length);
    if (request_read(head, &exchange->request, &refusal)) {
        judge_request(exchange);
    } else {
        fail_refused(exchange, &refusal);
    }
}

static void continue_head(struct exchange *exchange)
{
    struct evbuffer *input = bufferevent_get_input(exchange->stream);
    size_t length = evbuffer_get_length(input);
    struct http_refusal refusal = {0};
    const unsigned char *bytes;

    if (length > REQUEST_HEAD_MAX_BYTES + 1) {
        length = REQUEST_HEAD_MAX_BYTES + 1;
    }
    bytes = evbuffer_pullup(input, (ev_ssize_t)length);
    if (bytes == NULL) {
        return;
    }
    switch (http_scan(&exchange->scanner, &request_limits,
                      (struct slice){(const char *)bytes, length}, &refusal)) {
    case HTTP_NEED_MORE:
        break;
    case HTTP_REFUSED:
        fail_refused(exchange, &refusal);
        break;
    case HTTP_COMPLETE:
        take_head(exchange, input, exchange->scanner.scanned);
        break;
    }
}

/* ---- events ---- */

static void readable(struct bufferevent *stream, void *argument)
{
    struct exchange *exchange = argument;
    struct evbuffer *input = bufferevent_get_input(stream);

    switch (exchange->state) {
    case READING_HEAD:
        continue_head(exchange);
        break;
    case READING_BODY:
        continue_body(exchange);
        break;
    case ANSWERING: /* the body is still needed, and nothing follows it */
        break;
    case SENDING:
    case LINGERING:
        (void)evbuffer_drain(input, evbuffer_get_length(input));
        break;
    }
}

/* Everything has been given to the kernel; a 100 is no end. The end of the client's side is told
 * once. */
static void written(struct bufferevent *stream, void *argument)
{
    struct exchange *exchange = argument;
    struct evbuffer *input = bufferevent_get_input(stream);

    if (exchange->state != SENDING) {
        return;
    }
    if (exchange->client_ended) {
        exchange_free(exchange);
        return;
    }
    exchange->state = LINGERING;
    set_deadline(exchange, LINGER_MS);
    (void)shutdown(bufferevent_getfd(stream), SHUT_WR);
    (void)evbuffer_drain(input, evbuffer_get_length(input));
}

/* Of a unix socket that its client has closed, or after a reset. A TCP client that has closed looks
 * like one that has only ended its side. */
static bool has_hung_up(struct exchange *exchange)
{
    struct pollfd look = {.fd = bufferevent_getfd(exchange->stream)};

    return poll(&look, 1, 0) > 0 && (look.revents & (POLLHUP | POLLERR)) != 0;
}

/*
 * A client may end its side and still wait for its answer, which a reload can hold up for as long
 * as a worker is blocked. So those who cannot be told from clients that have gone wait for less.
 */
static void ended(struct bufferevent *stream, short what, void *argument)
{
    struct exchange *exchange = argument;
    bool waits_for_answer = exchange->state == ANSWERING || exchange->state == SENDING;

    (void)stream;
    if ((what & BEV_EVENT_EOF) == 0 || !waits_for_answer || has_hung_up(exchange)) {
        exchange_free(exchange);
        return;
    }
    exchange->client_ended = true;
    if (exchange->state == ANSWERING) {
        set_deadline(exchange, SILENT_MS);
    }
}

static void deadline(evutil_socket_t fd, short what, void *argument)
{
    struct exchange *exchange = argument;

    (void)fd;
    (void)what;
    exchange_free(exchange);
}

bool exchange_start(struct admin *admin, int fd, bool trusted, bool full)
{
    struct exchange *exchange = calloc(1, sizeof *exchange);

    if (exchange == NULL) {
        (void)evutil_closesocket(fd);
        return false;
    }
    exchange->admin = admin;
    exchange->link.trusted = trusted;
    exchange->full = full;
    admin_remember(admin, &exchange->link, exchange);
    exchange->timer = evtimer_new(admin_base(admin), deadline, exchange);
    exchange->stream = bufferevent_socket_new(admin_base(admin), fd, BEV_OPT_CLOSE_ON_FREE);
    if (exchange->stream == NULL || exchange->timer == NULL) {
        if (exchange->stream == NULL) {
            (void)evutil_closesocket(fd);
        }
        exchange_free(exchange);
        return false;
    }
    bufferevent_setcb(exchange->stream, readable, written, ended, exchange);
    bufferevent_setwatermark(exchange->stream, EV_READ, 0, WAITING_MAX_BYTES);
    set_deadline(exchange, REQUEST_MS);
    (void)bufferevent_enable(exchange->stream, EV_READ | EV_WRITE);
    if (full) {
        exchange_fail(exchange, 503, "There are too many connections to the admin listener.", NULL);
    }
    return true;
}

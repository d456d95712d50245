/*
 * Closing one connection, or all members of a room.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/connection_facts.h"
#include "admin/exchange.h"
#include "admin/missing_room.h"
#include "admin/paced_scan.h"
#include "base/log.h"
#include "protocol/close.h"

#include <stdint.h>
#include <string.h>

enum {
    CLOSE_MS = 5000,
    REASON_MAX_BYTES = FRAME_CONTROL_MAX_BYTES - 2,
    NAMESPACE_MAX_BYTES = 1024,
};

/* Whom to close: a connection's number (0: none), or a room. */
struct closing {
    uint64_t number;
    char namespace[NAMESPACE_MAX_BYTES];
    size_t namespace_bytes;
    char name[ROOM_NAME_MAX_BYTES];
    size_t name_bytes;
    uint16_t code;
    char reason[REASON_MAX_BYTES];
    size_t reason_bytes;
};

struct closed {
    size_t found;
    size_t closed;
    bool begun;
    const struct closing *closing;
    struct conn_scan scan;
};

static struct slice namespace_of(const struct closing *closing)
{
    return (struct slice){closing->namespace, closing->namespace_bytes};
}

static struct slice name_of(const struct closing *closing)
{
    return (struct slice){closing->name, closing->name_bytes};
}

/* ---- on the worker's thread ---- */

static bool is_meant(const struct closing *closing, const struct conn *conn)
{
    struct slice namespace;
    struct slice name;

    if (conn->state == CONN_DEAD) {
        return false;
    }
    if (closing->number != 0) {
        return conn->number == closing->number;
    }
    return connection_room(conn, &namespace, &name) && slice_equal(name, name_of(closing)) &&
           slice_equal(namespace, namespace_of(closing));
}

static void visit(struct conn_scan *scan, struct conn *conn)
{
    struct closed *closed = container_of(scan, struct closed, scan);
    const struct closing *closing = closed->closing;

    if (is_meant(closing, conn)) {
        closed->found++;
        closed->closed += conn_close_as_told(
            conn, closing->code, (struct slice){closing->reason, closing->reason_bytes});
    }
}

static bool step(struct loop *loop, void *part, const void *question)
{
    struct closed *closed = part;

    closed->closing = question;
    if (!closed->begun) {
        closed->begun = true;
        conn_scan_begin(loop, &closed->scan, visit);
    }
    return paced_scan_step(loop, &closed->scan, &closed->found);
}

static const struct survey_kind close_survey = {
    .part_bytes = sizeof(struct closed), .step = step, .limit_ms = CLOSE_MS};

/* ---- on the main thread ---- */

static bool may_be_sent(json_int_t code)
{
    static const uint16_t codes[] = {CLOSE_NORMAL,         CLOSE_GOING_AWAY, CLOSE_POLICY,
                                     CLOSE_INTERNAL_ERROR, CLOSE_RESTART,    CLOSE_TRY_LATER};

    for (size_t i = 0; i < sizeof codes / sizeof codes[0]; i++) {
        if (codes[i] == code) {
            return true;
        }
    }
    return code >= 3000 && code <= 4999;
}

/* What both requests may say. Returns a sentence about what is wrong, or NULL. */
static const char *read_close(struct closing *closing, json_int_t code, const char *reason,
                              size_t reason_bytes)
{
    if (!may_be_sent(code)) {
        return "The code must be 1000, 1001, 1008, 1011, 1012, 1013 or one from 3000 to 4999.";
    }
    if (reason_bytes > REASON_MAX_BYTES) {
        return "The reason is longer than 123 bytes.";
    }
    closing->code = (uint16_t)code;
    memcpy(closing->reason, reason, reason_bytes);
    closing->reason_bytes = reason_bytes;
    return NULL;
}

static size_t sum_closed(const struct survey *survey, unsigned workers, size_t *found)
{
    size_t closed = 0;

    *found = 0;
    for (unsigned i = 0; i < workers; i++) {
        const struct closed *part = survey_part(survey, i);

        *found += part->found;
        closed += part->closed;
    }
    return closed;
}

static void closed_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct closing *closing = survey_question(survey);
    size_t found;
    size_t closed;

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    closed = sum_closed(survey, admin_control(exchange_admin(exchange))->worker_count, &found);
    if (found == 0 && closing->number != 0) {
        exchange_fail(exchange, 404, "There is no such connection.", NULL);
    } else if (found == 0) {
        missing_room_answer(exchange, namespace_of(closing), name_of(closing));
    } else if (closing->number != 0 && closed == 0) {
        exchange_fail(exchange, 409, "The connection is not open.", NULL);
    } else {
        log_notice("closed as told", LOG_NUMBER("connections", closed),
                   LOG_NUMBER("code", closing->code));
        exchange_answer_json(exchange, 200, json_pack("{s:I}", "closed", (json_int_t)closed));
    }
}

void close_connection(struct exchange *exchange, struct slice element)
{
    struct closing closing = {0};
    unsigned worker = 0;
    json_int_t code = CLOSE_NORMAL;
    const char *reason = "";
    size_t reason_bytes = 0;
    const char *problem = NULL;
    json_error_t error;
    json_t *body = exchange_body(exchange);

    if (body == NULL) {
        return;
    }
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s?I, s?s%}", "code", &code, "reason", &reason,
                       &reason_bytes) != 0) {
        problem = "The body must be {\"code\": NUMBER, \"reason\": TEXT}; either may be absent.";
    } else {
        problem = read_close(&closing, code, reason, reason_bytes);
    }
    json_decref(body);
    if (problem != NULL) {
        exchange_fail(exchange, 400, problem, NULL);
    } else if (!connection_id_parse(element, &worker, &closing.number) || closing.number == 0 ||
               worker >= admin_control(exchange_admin(exchange))->worker_count) {
        exchange_fail(exchange, 404, "There is no such connection.", NULL);
    } else {
        exchange_ask(exchange, &close_survey, (int)worker, &closing, sizeof closing, closed_known);
    }
}

static const char *read_room(struct closing *closing, const char *namespace, size_t namespace_bytes,
                             const char *name, size_t name_bytes)
{
    if (namespace_bytes > NAMESPACE_MAX_BYTES || name_bytes > ROOM_NAME_MAX_BYTES) {
        return "The namespace or the name is too long.";
    }
    memcpy(closing->namespace, namespace, namespace_bytes);
    closing->namespace_bytes = namespace_bytes;
    memcpy(closing->name, name, name_bytes);
    closing->name_bytes = name_bytes;
    return NULL;
}

void close_room(struct exchange *exchange, struct slice element)
{
    struct closing closing = {0};
    json_int_t code = CLOSE_NORMAL;
    const char *namespace;
    const char *name;
    const char *reason = "";
    size_t namespace_bytes;
    size_t name_bytes;
    size_t reason_bytes = 0;
    const char *problem;
    json_error_t error;
    json_t *body = exchange_body(exchange);

    (void)element;
    if (body == NULL) {
        return;
    }
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s%, s:s%, s?I, s?s%}", "namespace",
                       &namespace, &namespace_bytes, "name", &name, &name_bytes, "code", &code,
                       "reason", &reason, &reason_bytes) != 0) {
        problem = "The body must be {\"namespace\": TEXT, \"name\": TEXT, \"code\": NUMBER, "
                  "\"reason\": TEXT}; code and reason may be absent.";
    } else {
        problem = read_close(&closing, code, reason, reason_bytes);
        problem = problem != NULL
                      ? problem
                      : read_room(&closing, namespace, namespace_bytes, name, name_bytes);
    }
    json_decref(body);
    if (problem != NULL) {
        exchange_fail(exchange, 400, problem, NULL);
    } else {
        exchange_ask(exchange, &close_survey, SURVEY_ALL, &closing, sizeof closing, closed_known);
    }
}

/*
 * GET /v1/connections: every worker writes down those of its own that are asked for, and what is
 * too much for one page is left to the next.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/connection_facts.h"
#include "admin/exchange.h"
#include "admin/paced_scan.h"
#include "admin/page.h"
#include "net/loop.h"

#include <string.h>

enum {
    CONNECTIONS_MS = 5000,
    ROUTE_FILTER_BYTES = 2048,
    NAMESPACE_FILTER_BYTES = 1025,
    ROOM_FILTER_BYTES = 256,
    ANY_STATE = -1,
};

/* What is asked for. An empty text: any. */
struct wanted {
    char route[ROUTE_FILTER_BYTES];
    char namespace[NAMESPACE_FILTER_BYTES];
    char room[ROOM_FILTER_BYTES];
    char address[CONNECTION_ADDRESS_BYTES];
    int state; /* enum conn_state, or ANY_STATE */
    size_t limit;
    unsigned after_worker; /* those of workers before are passed over */
    uint64_t after_number; /* and of this one those up to this number */
};

/* Of one worker: at most one more than the limit, so that it shows whether there are more. */
struct found {
    json_t *rows;
    size_t count;
    const struct wanted *wanted;
    bool begun;
    struct conn_scan scan;
};

/* ---- on the worker's thread ---- */

static bool text_fits(const char *wanted, struct slice text)
{
    return wanted[0] == '\0' || slice_equal(text, slice_of(wanted));
}

static bool room_fits(const struct wanted *wanted, const struct conn *conn)
{
    struct slice namespace;
    struct slice name;

    if (wanted->namespace[0] == '\0' && wanted->room[0] == '\0') {
        return true;
    }
    return connection_room(conn, &namespace, &name) && text_fits(wanted->namespace, namespace) &&
           text_fits(wanted->room, name);
}

static bool address_fits(const struct wanted *wanted, const struct conn *conn)
{
    char address[CONNECTION_ADDRESS_BYTES];

    if (wanted->address[0] == '\0') {
        return true;
    }
    connection_address(conn, address);
    return strcmp(address, wanted->address) == 0;
}

static bool route_fits(const struct wanted *wanted, const struct conn *conn)
{
    const char *route = connection_route(conn);

    return wanted->route[0] == '\0' || (route != NULL && strcmp(route, wanted->route) == 0);
}

static bool is_after(const struct wanted *wanted, const struct conn *conn)
{
    return conn->loop->index != wanted->after_worker || conn->number > wanted->after_number;
}

static bool fits(const struct wanted *wanted, const struct conn *conn)
{
    return conn->state != CONN_DEAD && is_after(wanted, conn) &&
           (wanted->state == ANY_STATE || conn->state == (enum conn_state)wanted->state) &&
           route_fits(wanted, conn) && address_fits(wanted, conn) && room_fits(wanted, conn);
}

static void visit(struct conn_scan *scan, struct conn *conn)
{
    struct found *found = container_of(scan, struct found, scan);

    if (found->count <= found->wanted->limit && fits(found->wanted, conn)) {
        (void)json_array_append_new(found->rows, connection_json(conn));
        found->count++;
    }
}

static bool step(struct loop *loop, void *part, const void *question)
{
    struct found *found = part;

    found->wanted = question;
    if (loop->index < found->wanted->after_worker) {
        return true;
    }
    if (!found->begun) {
        found->begun = true;
        found->rows = json_array();
        conn_scan_begin(loop, &found->scan, visit);
    }
    if (paced_scan_step(loop, &found->scan, &found->count)) {
        return true;
    }
    if (found->count <= found->wanted->limit) {
        return false;
    }
    conn_scan_end(&found->scan);
    return true;
}

static void clear(void *part)
{
    json_decref(((struct found *)part)->rows);
}

static const struct survey_kind connections_survey = {
    .part_bytes = sizeof(struct found), .step = step, .clear = clear, .limit_ms = CONNECTIONS_MS};

/* ---- on the main thread ---- */

/* Moves rows to the page until it is full. Returns whether there are more. */
static bool fill_page(json_t *page, const struct found *found, size_t limit)
{
    json_t *row;
    size_t i;

    json_array_foreach(found->rows, i, row)
    {
        if (json_array_size(page) == limit) {
            return true;
        }
        (void)json_array_append(page, row);
    }
    return false;
}

static void connections_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct wanted *wanted = survey_question(survey);
    unsigned workers = admin_control(exchange_admin(exchange))->worker_count;
    json_t *page;
    json_t *last;
    bool more = false;

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    page = json_array();
    for (unsigned i = 0; !more && i < workers; i++) {
        more = fill_page(page, survey_part(survey, i), wanted->limit);
    }
    last = more ? json_object_get(json_array_get(page, json_array_size(page) - 1), "id") : NULL;
    exchange_answer_json(exchange, 200,
                         json_pack("{s:o, s:O?}", "connections", page, "next", last));
}

static bool read_state(struct exchange *exchange, int *state)
{
    char name[32];

    *state = ANY_STATE;
    if (!page_text(exchange, "state", name, sizeof name)) {
        return false;
    }
    for (int i = 0; i < CONN_DEAD; i++) {
        if (strcmp(conn_state_name((enum conn_state)i), name) == 0) {
            *state = i;
        }
    }
    return name[0] == '\0' || *state != ANY_STATE ||
           page_fail(exchange, "state", "There is no such state.");
}

static bool read_after(struct exchange *exchange, struct wanted *wanted)
{
    char id[64];

    if (!page_text(exchange, "after", id, sizeof id)) {
        return false;
    }
    return id[0] == '\0' ||
           connection_id_parse(slice_of(id), &wanted->after_worker, &wanted->after_number) ||
           page_fail(exchange, "after", "This is no id of a connection.");
}

void answer_connections(struct exchange *exchange, struct slice element)
{
    struct wanted wanted = {0};

    (void)element;
    if (page_text(exchange, "route", wanted.route, sizeof wanted.route) &&
        page_text(exchange, "namespace", wanted.namespace, sizeof wanted.namespace) &&
        page_text(exchange, "room", wanted.room, sizeof wanted.room) &&
        page_text(exchange, "address", wanted.address, sizeof wanted.address) &&
        read_state(exchange, &wanted.state) && read_after(exchange, &wanted) &&
        page_limit(exchange, &wanted.limit)) {
        exchange_ask(exchange, &connections_survey, SURVEY_ALL, &wanted, sizeof wanted,
                     connections_known);
    }
}

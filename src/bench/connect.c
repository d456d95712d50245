/*
 * Modes connect and idle: connections are what is counted. Each is opened, echoes one message
 * unless it is not to, and is then closed or held. idle opens all of them and then only holds.
 */
#include "bench/connect.h"

#include "bench/exchange.h"

enum { OPENING_MAX = 16 };

struct visit {
    struct exchange exchange;
    bool is_held; /* it has done what it came for */
};

static struct visit *visit_of(struct connection *connection)
{
    return container_of(connection, struct visit, exchange.connection);
}

static bool holds(const struct engine *engine)
{
    return engine->run->settings->hold || engine->mode == &idle_mode;
}

/* It has done what it came for. */
static void conclude(struct visit *visit)
{
    struct connection *connection = &visit->exchange.connection;

    if (holds(connection->engine)) {
        visit->is_held = true;
        engine_count(connection->engine, 1);
        connection_settle(connection);
    } else {
        connection_close(connection);
    }
}

static void opened(struct connection *connection)
{
    struct visit *visit = visit_of(connection);
    struct engine *engine = connection->engine;

    histogram_add(&engine->latency, engine->now_ns - connection->begun_ns, 1);
    exchange_begin(&visit->exchange);
    if (engine->run->settings->no_echo) {
        conclude(visit);
    } else {
        visit->exchange.allowed = 1;
        exchange_send(&visit->exchange);
    }
}

static void received(struct connection *connection, const uint8_t *bytes, size_t length)
{
    struct visit *visit = visit_of(connection);
    bool was_complete = exchange_is_complete(&visit->exchange);

    if (connection->engine->run->settings->no_echo) {
        connection_discard(connection, bytes, length);
        return;
    }
    exchange_take(&visit->exchange, bytes, length);
    if (connection->state == CONNECTION_OPEN && !was_complete &&
        exchange_is_complete(&visit->exchange)) {
        conclude(visit);
    }
}

static void sent(struct connection *connection)
{
    exchange_send(&visit_of(connection)->exchange);
}

static void ended(struct connection *connection, enum ending ending)
{
    struct visit *visit = visit_of(connection);

    exchange_end(&visit->exchange, ending);
    if (ending == ENDING_ORDERLY && !visit->is_held) {
        engine_count(connection->engine, 1);
    }
}

static uint64_t awaits_since(struct connection *connection)
{
    return exchange_is_complete(&visit_of(connection)->exchange) ? 0 : connection->progress_ns;
}

static bool at_rest(struct engine *engine)
{
    return engine->to_open == 0 && engine->opening == 0;
}

/* ---- connect ---- */

static void open_nothing(struct engine *engine)
{
    engine->window = engine_share(engine, engine->run->settings->connections);
}

static void open_on(struct engine *engine)
{
    engine->to_open = engine->left;
}

const struct mode connect_mode = {
    .name = "connect",
    .operation = "connection",
    .connections = 64,
    .connection_bytes = sizeof(struct visit),
    .opens_on_schedule = true,
    .start = open_nothing,
    .load = open_on,
    .tick = mode_nothing_to_do,
    .at_rest = at_rest,
    .opened = opened,
    .received = received,
    .sent = sent,
    .ended = ended,
    .awaits_since = awaits_since,
};

/* ---- idle ---- */

static void open_all(struct engine *engine)
{
    engine->to_open = engine_share(engine, engine->run->settings->connections);
    engine->window = OPENING_MAX;
}

const struct mode idle_mode = {
    .name = "idle",
    .operation = "connection",
    .connections = 64,
    .connection_bytes = sizeof(struct visit),
    .opens_on_schedule = true,
    .measures_opening = true,
    .start = open_all,
    .load = mode_nothing_to_do,
    .tick = mode_nothing_to_do,
    .at_rest = at_rest,
    .opened = opened,
    .received = received,
    .sent = sent,
    .ended = ended,
    .awaits_since = awaits_since,
};

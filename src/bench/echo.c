/*
 * Mode echo: every connection keeps messages under way, which come back in order.
 */
#include "bench/echo.h"

#include "bench/exchange.h"

enum { OPENING_MAX = 16 };

struct echo {
    struct exchange exchange;
    uint64_t sent_ns; /* when the messages under way were allowed */
};

static struct echo *echo_of(struct connection *connection)
{
    return container_of(connection, struct echo, exchange.connection);
}

/* As many messages as are to be under way, at once. */
static void start_round(struct echo *echo)
{
    struct engine *engine = echo->exchange.connection.engine;
    uint64_t in_flight = engine->run->settings->in_flight;
    uint64_t count = engine->left < in_flight ? engine->left : in_flight;

    if (engine->loading) {
        engine->left -= engine->run->settings->count > 0 ? count : 0;
        echo->exchange.allowed += count;
        echo->sent_ns = engine->now_ns;
        exchange_send(&echo->exchange);
    }
}

static void received(struct connection *connection, const uint8_t *bytes, size_t length)
{
    struct echo *echo = echo_of(connection);
    struct engine *engine = connection->engine;
    uint64_t before = echo->exchange.answered;
    uint64_t answered;

    exchange_take(&echo->exchange, bytes, length);
    answered = echo->exchange.answered - before;
    if (answered > 0) {
        engine_count(engine, answered);
        histogram_add(&engine->latency, engine->now_ns - echo->sent_ns, answered);
    }
    if (exchange_is_complete(&echo->exchange) && connection->state == CONNECTION_OPEN) {
        start_round(echo);
    }
}

static void sent(struct connection *connection)
{
    exchange_send(&echo_of(connection)->exchange);
}

static void start(struct engine *engine)
{
    engine->to_open = engine_share(engine, engine->run->settings->connections);
    engine->window = OPENING_MAX;
}

static void opened(struct connection *connection)
{
    exchange_begin(&echo_of(connection)->exchange);
    connection_settle(connection);
}

static void load(struct engine *engine)
{
    struct list_node *node = engine->connections.next;

    while (node != &engine->connections) {
        struct connection *connection = container_of(node, struct connection, node);

        node = node->next;
        start_round(echo_of(connection));
    }
}

static bool at_rest(struct engine *engine)
{
    struct list_node *node;

    if (engine->loading && engine->left > 0) {
        return false;
    }
    for (node = engine->connections.next; node != &engine->connections; node = node->next) {
        struct connection *connection = container_of(node, struct connection, node);

        if (!exchange_is_complete(&echo_of(connection)->exchange)) {
            return false;
        }
    }
    return true;
}

static void ended(struct connection *connection, enum ending ending)
{
    exchange_end(&echo_of(connection)->exchange, ending);
}

static uint64_t awaits_since(struct connection *connection)
{
    const struct echo *echo = echo_of(connection);

    return exchange_is_complete(&echo->exchange) ? 0 : echo->sent_ns;
}

const struct mode echo_mode = {
    .name = "echo",
    .operation = "message",
    .connections = 64,
    .connection_bytes = sizeof(struct echo),
    .start = start,
    .load = load,
    .tick = mode_nothing_to_do,
    .at_rest = at_rest,
    .opened = opened,
    .received = received,
    .sent = sent,
    .ended = ended,
    .awaits_since = awaits_since,
};

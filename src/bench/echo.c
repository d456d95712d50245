/*
 * Mode echo: every connection keeps messages under way, which come back in order.
 */
#include "bench/echo.h"

#include "bench/exchange.h"

#include <err.h>
#include <stdlib.h>

enum { OPENING_MAX = 16 };

struct echo {
    struct exchange exchange;
    uint64_t number;  /* among those of its engine; when it has a rate */
    uint64_t due;     /* messages that were due so far; likewise */
    uint64_t sent_ns; /* when the messages under way were allowed; when it has none */
};

/* With a rate: the connections of an engine, on which messages are due in turn. */
struct turns {
    uint64_t count;
    struct echo *connections[]; /* NULL when ended */
};

static struct echo *echo_of(struct connection *connection)
{
    return container_of(connection, struct echo, exchange.connection);
}

static bool has_rate(const struct engine *engine)
{
    return engine->schedule.interval_ns > 0;
}

/* ---- without a rate: as many messages as are to be under way, at once ---- */

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

/* ---- with a rate: when a message is due, as soon as the connection is free ---- */

/* When a message of a connection was or will be due, whatever became of those before. */
static uint64_t due_ns(const struct echo *echo, uint64_t message)
{
    const struct engine *engine = echo->exchange.connection.engine;
    const struct turns *turns = engine->state;

    return schedule_due_ns(&engine->schedule, message * turns->count + echo->number);
}

static void send_due(struct echo *echo)
{
    const struct engine *engine = echo->exchange.connection.engine;
    uint64_t most = echo->exchange.answered + engine->run->settings->in_flight;

    echo->exchange.allowed = echo->due < most ? echo->due : most;
    exchange_send(&echo->exchange);
}

/* What was due on a connection and could not even be sent. */
static void lose_due(const struct engine *engine, uint64_t count)
{
    faults_add(&engine->run->faults, FAULT_LOST, count,
               "messages were due on a connection that has ended");
}

static void tick(struct engine *engine)
{
    struct turns *turns = engine->state;
    uint64_t ignored;

    while (has_rate(engine) && engine->loading && engine->left > 0 && turns->count > 0 &&
           schedule_take(&engine->schedule, engine->now_ns, &ignored)) {
        struct echo *echo = turns->connections[(engine->schedule.taken - 1) % turns->count];

        engine->left -= engine->run->settings->count > 0 ? 1 : 0;
        if (echo != NULL) {
            echo->due++;
            send_due(echo);
        } else {
            lose_due(engine, 1);
        }
    }
    if (engine->loading && engine->left > 0) {
        engine_wake_when_due(engine, &engine->schedule);
    }
}

static void take_turns(struct engine *engine)
{
    struct turns *turns = calloc(1, sizeof *turns + engine->alive * sizeof *turns->connections);
    struct list_node *node;

    if (turns == NULL) {
        err(1, "connections");
    }
    for (node = engine->connections.next; node != &engine->connections; node = node->next) {
        struct echo *echo = echo_of(container_of(node, struct connection, node));

        echo->number = turns->count;
        turns->connections[turns->count++] = echo;
    }
    engine->state = turns;
}

/* ---- both ---- */

static void count_answers(struct echo *echo, uint64_t before)
{
    struct engine *engine = echo->exchange.connection.engine;
    uint64_t answered = echo->exchange.answered - before;

    if (answered == 0) {
        return;
    }
    engine_count(engine, answered);
    if (!has_rate(engine)) {
        histogram_add(&engine->latency, engine->now_ns - echo->sent_ns, answered);
        return;
    }
    for (uint64_t message = before; message < echo->exchange.answered; message++) {
        histogram_add(&engine->latency, engine->now_ns - due_ns(echo, message), 1);
    }
}

static void received(struct connection *connection, const uint8_t *bytes, size_t length)
{
    struct echo *echo = echo_of(connection);
    uint64_t before = echo->exchange.answered;

    exchange_take(&echo->exchange, bytes, length);
    count_answers(echo, before);
    if (connection->state != CONNECTION_OPEN) {
        return;
    }
    if (has_rate(connection->engine)) {
        send_due(echo);
    } else if (exchange_is_complete(&echo->exchange)) {
        start_round(echo);
    }
}

static void sent(struct connection *connection)
{
    exchange_send(&echo_of(connection)->exchange);
}

/* ---- the mode ---- */

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

    if (has_rate(engine)) {
        take_turns(engine);
        return;
    }
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
        struct echo *echo = echo_of(container_of(node, struct connection, node));

        if (!exchange_is_complete(&echo->exchange) || echo->exchange.allowed < echo->due) {
            return false;
        }
    }
    return true;
}

static void ended(struct connection *connection, enum ending ending)
{
    struct echo *echo = echo_of(connection);
    struct turns *turns = connection->engine->state;

    exchange_end(&echo->exchange, ending);
    if (turns != NULL) {
        lose_due(connection->engine,
                 ending == ENDING_ORDERLY ? 0 : echo->due - echo->exchange.sent);
        turns->connections[echo->number] = NULL;
    }
}

static uint64_t awaits_since(struct connection *connection)
{
    const struct echo *echo = echo_of(connection);

    if (exchange_is_complete(&echo->exchange)) {
        return 0;
    }
    return has_rate(connection->engine) ? due_ns(echo, echo->exchange.answered) : echo->sent_ns;
}

const struct mode echo_mode = {
    .name = "echo",
    .operation = "message",
    .connections = 64,
    .connection_bytes = sizeof(struct echo),
    .start = start,
    .load = load,
    .tick = tick,
    .at_rest = at_rest,
    .opened = opened,
    .received = received,
    .sent = sent,
    .ended = ended,
    .awaits_since = awaits_since,
};

/*
 * The mode fanout.
 */
#include "bench/fanout.h"

#include <err.h>
#include <stdlib.h>

enum { OPENING_MAX = 16 };

struct seat *seat_of(struct connection *connection)
{
    return container_of(connection, struct seat, connection);
}

struct room *room_of(const struct engine *engine)
{
    return engine->run->room;
}

struct crowd *crowd_of(const struct engine *engine)
{
    return engine->state;
}

size_t publisher_number(const struct room *room, const struct publisher *publisher)
{
    return (size_t)(publisher - room->publishers);
}

/* ---- opening: members, then publishers ---- */

static void start(struct engine *engine)
{
    const struct room *room = room_of(engine);
    const struct settings *settings = engine->run->settings;
    struct crowd *crowd = calloc(1, sizeof *crowd + room->publisher_count * sizeof *crowd->of);

    if (crowd == NULL) {
        err(1, "members");
    }
    crowd->members = engine_share(engine, settings->connections);
    for (uint64_t i = 0; i < room->publisher_count; i++) {
        crowd->of[i].counts = calloc(room->slots, sizeof *crowd->of[i].counts);
        if (crowd->of[i].counts == NULL) {
            err(1, "publications");
        }
    }
    engine->state = crowd;
    engine->to_open = crowd->members + engine_share(engine, settings->publishers);
    engine->window = OPENING_MAX;
}

static void stop(struct engine *engine)
{
    for (uint64_t i = 0; i < room_of(engine)->publisher_count; i++) {
        free(crowd_of(engine)->of[i].counts);
    }
}

/*
 * Publishers follow when all members are there, on every thread: a server takes its connections in
 * the order in which they come, and so knows all members when a publication arrives.
 */
static bool may_open(struct engine *engine)
{
    const struct crowd *crowd = crowd_of(engine);
    const struct room *room = room_of(engine);

    return crowd->members_begun < crowd->members || atomic_load(&room->seated) == room->threads;
}

/*
 * Says so when all members of this thread are there. Nothing has been published by then, so those
 * that could not begin because the machine gave no more are simply not expected.
 */
static void seat_members(struct engine *engine)
{
    struct crowd *crowd = crowd_of(engine);

    if (!crowd->seated && engine->opening == 0 &&
        (crowd->members_begun == crowd->members || engine->to_open == 0)) {
        crowd->seated = true;
        crowd->members = crowd->members_begun;
        atomic_fetch_add(&room_of(engine)->seated, 1);
        engine_wake(engine);
    }
}

static const struct endpoint *next_endpoint(struct engine *engine)
{
    struct crowd *crowd = crowd_of(engine);

    if (crowd->members_begun < crowd->members) {
        crowd->members_begun++;
        return &engine->run->endpoint;
    }
    crowd->publishers_begun++;
    return &engine->run->publish_endpoint;
}

static void begun(struct connection *connection)
{
    struct engine *engine = connection->engine;

    if (connection->endpoint == &engine->run->publish_endpoint) {
        uint64_t turn = crowd_of(engine)->publishers_begun - 1;
        struct publisher *publisher =
            &room_of(engine)->publishers[turn * engine->run->settings->threads + engine->number];

        publisher->engine = engine;
        seat_of(connection)->publisher = publisher;
    } else {
        member_open(seat_of(connection));
    }
}

static void opened(struct connection *connection)
{
    connection_settle(connection);
}

/* ---- the load ---- */

/* The publishers are the last of an engine's connections. */
static void each_publisher(struct engine *engine, void (*call)(struct seat *seat))
{
    struct list_node *node = engine->connections.previous;

    while (node != &engine->connections) {
        struct seat *seat = seat_of(container_of(node, struct connection, node));

        node = node->previous;
        if (seat->publisher == NULL) {
            return;
        }
        call(seat);
    }
}

/* Those that could not even begin publish nothing. */
static void strike_missing_publishers(const struct engine *engine)
{
    const struct settings *settings = engine->run->settings;
    uint64_t expected = engine_share(engine, settings->publishers);

    for (uint64_t turn = crowd_of(engine)->publishers_begun; turn < expected; turn++) {
        publisher_leave(&room_of(engine)->publishers[turn * settings->threads + engine->number]);
    }
}

static void load(struct engine *engine)
{
    strike_missing_publishers(engine);
    each_publisher(engine, publish_start);
}

/* Wakes the engine for the first of the publications that are not due yet. */
static void wake_when_due(struct engine *engine)
{
    struct list_node *node = engine->connections.previous;
    const struct schedule *first = &engine->schedule;
    uint64_t first_ns = UINT64_MAX;

    for (; node != &engine->connections; node = node->previous) {
        struct seat *seat = seat_of(container_of(node, struct connection, node));
        uint64_t due_ns = schedule_due_ns(&seat->schedule, seat->schedule.taken);

        if (seat->publisher == NULL) {
            break;
        }
        if (seat->publisher->left > 0 && due_ns < first_ns) {
            first = &seat->schedule;
            first_ns = due_ns;
        }
    }
    if (first_ns != UINT64_MAX) {
        engine_wake_when_due(engine, first);
    }
}

static void tick(struct engine *engine)
{
    struct crowd *crowd = crowd_of(engine);

    if (engine->phase == PHASE_OPEN) {
        seat_members(engine);
        return;
    }
    if (crowd->members_ended == crowd->members) {
        for (size_t i = 0; i < room_of(engine)->publisher_count; i++) {
            members_advance(engine, i);
        }
    }
    each_publisher(engine, publish_more);
    if (engine->loading) {
        wake_when_due(engine);
    }
}

static void received(struct connection *connection, const uint8_t *bytes, size_t length)
{
    struct seat *seat = seat_of(connection);
    const uint8_t *end = bytes + length;
    struct frames_piece piece;

    if (seat->publisher == NULL) {
        member_receive(seat, bytes, length);
        return;
    }
    /* What others publish in the same room, or its own, is not what it is there for. */
    while (connection_next(connection, &bytes, end, &piece)) {}
}

static void sent(struct connection *connection)
{
    if (seat_of(connection)->publisher != NULL) {
        publish_more(seat_of(connection));
    }
}

static void ended(struct connection *connection, enum ending ending)
{
    struct seat *seat = seat_of(connection);

    if (seat->publisher != NULL) {
        publish_end(seat, ending);
    } else {
        member_end(seat, ending);
    }
}

static uint64_t awaits_since(struct connection *connection)
{
    const struct engine *engine = connection->engine;
    struct seat *seat = seat_of(connection);
    uint64_t since_ns;

    if (seat->publisher != NULL) {
        return engine->phase == PHASE_DRAIN && seat->publisher->published < seat->allowed
                   ? engine->phase_ns
                   : 0;
    }
    return member_is_complete(seat, &since_ns) ? 0 : since_ns;
}

/* ---- rest ---- */

static bool publishers_rest(const struct engine *engine)
{
    const struct room *room = room_of(engine);

    for (uint64_t i = 0; i < room->publisher_count; i++) {
        if (engine->loading && room->publishers[i].left > 0) {
            return false;
        }
    }
    return true;
}

static bool at_rest(struct engine *engine)
{
    struct list_node *node;

    if (!publishers_rest(engine)) {
        return false;
    }
    for (node = engine->connections.next; node != &engine->connections; node = node->next) {
        struct seat *seat = seat_of(container_of(node, struct connection, node));
        uint64_t since_ns;

        if (seat->publisher != NULL
                ? seat->publisher->completed < seat->allowed || seat->allowed < seat->due
                : !member_is_complete(seat, &since_ns)) {
            return false;
        }
    }
    return true;
}

const struct mode fanout_mode = {
    .name = "fanout",
    .operation = "delivery",
    .connections = 100,
    .connection_bytes = sizeof(struct seat),
    .start = start,
    .stop = stop,
    .may_open = may_open,
    .next_endpoint = next_endpoint,
    .begun = begun,
    .load = load,
    .tick = tick,
    .at_rest = at_rest,
    .opened = opened,
    .received = received,
    .sent = sent,
    .ended = ended,
    .awaits_since = awaits_since,
};

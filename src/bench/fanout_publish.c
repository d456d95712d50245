/*
 * Publishing: messages of the ring, each with a stamp of its own.
 */
#include "bench/fanout.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGED_BYTES = 64 * 1024, /* so much is sent at once, or one message */
    MASK_BYTES = 4,
};

/* Appends a publication to what is staged; returns its bytes. */
static size_t stage(struct seat *seat, uint64_t number, uint64_t sequence, uint8_t *target)
{
    const struct batch *batch = seat->connection.engine->run->batch;
    bool raw = seat->connection.endpoint->raw;
    const struct strip *frames = raw ? &batch->reply : &batch->wire;
    size_t index = (size_t)(sequence % batch->count);
    size_t length = strip_length(frames, index);
    uint8_t *payload = target + length - strip_length(&batch->payloads, index);

    memcpy(target, frames->bytes + frames->at[index], length);
    stamp_write(payload, number, sequence);
    for (size_t i = 0; !raw && i < STAMP_BYTES; i++) {
        payload[i] ^= payload[(long)(i % MASK_BYTES) - MASK_BYTES];
    }
    return length;
}

static void make_room(struct seat *seat)
{
    const struct batch *batch = seat->connection.engine->run->batch;

    if (seat->staged == NULL) {
        seat->staged_room = STAGED_BYTES;
        for (size_t i = 0; i < batch->count; i++) {
            size_t length = strip_length(&batch->wire, i);

            seat->staged_room = length > seat->staged_room ? length : seat->staged_room;
        }
        seat->staged = malloc(seat->staged_room);
        if (seat->staged == NULL) {
            err(1, "publications");
        }
    }
}

static bool has_rate(const struct seat *seat)
{
    return seat->schedule.interval_ns > 0;
}

/* As many as fit. They count as published before a member can have them. */
static size_t stage_all(struct seat *seat)
{
    struct room *room = room_of(seat->connection.engine);
    const struct batch *batch = seat->connection.engine->run->batch;
    struct publisher *publisher = seat->publisher;
    uint64_t sequence = publisher->published;
    size_t length = 0;

    while (sequence < seat->allowed &&
           strip_length(&batch->wire, (size_t)(sequence % batch->count)) <=
               seat->staged_room - length) {
        atomic_store(&publisher->ring[room_slot(room, sequence)].sent_ns,
                     has_rate(seat) ? schedule_due_ns(&seat->schedule, sequence)
                                    : seat->allowed_ns);
        length += stage(seat, publisher_number(room, publisher), sequence, seat->staged + length);
        sequence++;
    }
    atomic_store(&publisher->published, sequence);
    return length;
}

/* As many as are to be under way, at once, when all members have the last ones. */
static void start_round(struct seat *seat)
{
    struct engine *engine = seat->connection.engine;
    struct publisher *publisher = seat->publisher;
    uint64_t in_flight = engine->run->settings->in_flight;
    uint64_t left = publisher->left;
    uint64_t count = left < in_flight ? left : in_flight;

    if (engine->loading && atomic_load(&publisher->completed) == seat->allowed) {
        atomic_store(&publisher->left, engine->run->settings->count > 0 ? left - count : left);
        seat->allowed += count;
        seat->allowed_ns = engine_clock_ns();
    }
}

/* With a rate: those that are due, as far as so many may be under way. */
static void allow_due(struct seat *seat)
{
    struct engine *engine = seat->connection.engine;
    struct publisher *publisher = seat->publisher;
    uint64_t most = atomic_load(&publisher->completed) + engine->run->settings->in_flight;
    uint64_t ignored;

    while (publisher->left > 0 && schedule_take(&seat->schedule, engine->now_ns, &ignored)) {
        atomic_store(&publisher->left,
                     publisher->left - (engine->run->settings->count > 0 ? 1 : 0));
        seat->due++;
    }
    seat->allowed = seat->due < most ? seat->due : most;
}

void publish_start(struct seat *seat)
{
    const struct settings *settings = seat->connection.engine->run->settings;
    const struct room *room = room_of(seat->connection.engine);

    /* An operation is a delivery. */
    seat->schedule = (struct schedule){
        .start_ns = seat->connection.engine->schedule.start_ns,
        .interval_ns =
            settings->rate > 0 ? 1e9 * (double)settings->connections / settings->rate : 0,
        .shares = room->publisher_count,
        .share = publisher_number(room, seat->publisher),
    };
}

void publish_more(struct seat *seat)
{
    if (!has_rate(seat)) {
        start_round(seat);
    } else if (seat->connection.engine->loading) {
        allow_due(seat);
    }
    while (seat->publisher->published < seat->allowed && connection_can_send(&seat->connection)) {
        make_room(seat);
        connection_send(&seat->connection, seat->staged, stage_all(seat));
    }
}

void publish_end(struct publisher *publisher)
{
    atomic_store(&publisher->left, 0);
    atomic_store(&publisher->gone, true);
}

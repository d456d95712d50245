/*
 * Publishing: messages of the ring, each with a stamp of its own.
 */
#include "bench/fanout.h"

#include "protocol/payload.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
    STAGED_BYTES = 64 * 1024, /* so much is sent at once, or one message */
    MASK_BYTES = 4,
};

/* Writes a publication as a frame that is a copy of the batch's, but for the stamp. */
static size_t stage_plain(struct seat *seat, uint64_t number, uint64_t sequence, uint8_t *target)
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

static void prepare_deflater(struct seat *seat, size_t longest)
{
    if (seat->deflater == NULL) {
        seat->deflater = deflater_create();
        seat->scratch = malloc(longest + deflater_bound(longest));
        if (seat->scratch == NULL) {
            err(1, "publications");
        }
    }
}

/* Writes it compressed. The stamp makes every one different, so it cannot be done beforehand. */
static size_t stage_deflated(struct seat *seat, uint64_t number, uint64_t sequence, uint8_t *target)
{
    const struct batch *batch = seat->connection.engine->run->batch;
    size_t index = (size_t)(sequence % batch->count);
    size_t length = strip_length(&batch->payloads, index);
    uint8_t *compressed;
    uint8_t *at = target;

    prepare_deflater(seat, batch->longest_bytes);
    memcpy(seat->scratch, batch->payloads.bytes + batch->payloads.at[index], length);
    stamp_write(seat->scratch, number, sequence);
    compressed = seat->scratch + length;
    length = deflater_message(seat->deflater, seat->scratch, length, compressed);
    at += frame_write_header(at, FRAME_FIN | FRAME_RSV1 | batch->opcode, length);
    target[1] |= FRAME_MASKED;
    memcpy(at, &seat->connection.engine->seed, MASK_BYTES);
    payload_kernel->unmask(at + MASK_BYTES, compressed, length, at);
    return (size_t)(at - target) + MASK_BYTES + length;
}

/* The most bytes that a publication becomes. */
static size_t staged_bound(const struct seat *seat, uint64_t sequence)
{
    const struct batch *batch = seat->connection.engine->run->batch;
    size_t index = (size_t)(sequence % batch->count);

    return seat->connection.deflates
               ? deflater_bound(strip_length(&batch->payloads, index)) + FRAME_CLIENT_HEADER_MAX
               : strip_length(&batch->wire, index);
}

static void make_room(struct seat *seat)
{
    const struct batch *batch = seat->connection.engine->run->batch;
    size_t longest = deflater_bound(batch->longest_bytes) + FRAME_CLIENT_HEADER_MAX;

    if (seat->staged == NULL) {
        seat->staged_room = longest > STAGED_BYTES ? longest : STAGED_BYTES;
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
    struct publisher *publisher = seat->publisher;
    uint64_t number = publisher_number(room, publisher);
    uint64_t sequence = publisher->published;
    size_t length = 0;

    while (sequence < seat->allowed && staged_bound(seat, sequence) <= seat->staged_room - length) {
        uint8_t *target = seat->staged + length;

        atomic_store(&publisher->ring[room_slot(room, sequence)].sent_ns,
                     has_rate(seat) ? schedule_due_ns(&seat->schedule, sequence)
                                    : seat->allowed_ns);
        length += seat->connection.deflates ? stage_deflated(seat, number, sequence, target)
                                            : stage_plain(seat, number, sequence, target);
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

    while (engine->loading && publisher->left > 0 &&
           schedule_take(&seat->schedule, engine->now_ns, &ignored)) {
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
    } else {
        allow_due(seat);
    }
    while (seat->publisher->published < seat->allowed && connection_can_send(&seat->connection)) {
        make_room(seat);
        connection_send(&seat->connection, seat->staged, stage_all(seat));
    }
}

void publish_end(struct seat *seat, enum ending ending)
{
    const struct engine *engine = seat->connection.engine;

    if (ending != ENDING_ORDERLY && seat->due > seat->publisher->published) {
        faults_add(&engine->run->faults, FAULT_LOST,
                   (seat->due - seat->publisher->published) * engine->run->settings->connections,
                   "deliveries were due by a publisher that has ended");
    }
    publisher_leave(seat->publisher);
    deflater_free(seat->deflater);
    seat->deflater = NULL;
    free(seat->scratch);
    seat->scratch = NULL;
    free(seat->staged);
    seat->staged = NULL;
}

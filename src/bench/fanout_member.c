/*
 * Members: every publication has to come, once, in its publisher's order, as it was sent.
 */
#include "bench/fanout.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

void member_open(struct seat *seat)
{
    seat->next = calloc(room_of(seat->connection.engine)->publisher_count, sizeof *seat->next);
    if (seat->next == NULL) {
        err(1, "a member");
    }
}

/* ---- who has what ---- */

/* Publications that all members of this thread have by now. */
void members_advance(struct engine *engine, size_t publisher)
{
    struct room *room = room_of(engine);
    struct crowd *crowd = crowd_of(engine);
    struct progress_of_members *progress = &crowd->of[publisher];
    uint64_t published = atomic_load(&room->publishers[publisher].published);

    while (progress->done < published &&
           progress->counts[room_slot(room, progress->done)] == crowd->members) {
        progress->counts[room_slot(room, progress->done)] = crowd->members_ended;
        progress->done++;
        room_engine_done(room, &room->publishers[publisher], progress->done - 1);
    }
}

/* Counts publications as had, up to (not including) `until`. */
static void count_until(struct seat *seat, size_t publisher, uint64_t until)
{
    struct engine *engine = seat->connection.engine;
    struct progress_of_members *progress = &crowd_of(engine)->of[publisher];

    for (uint64_t sequence = seat->next[publisher]; sequence < until; sequence++) {
        progress->counts[room_slot(room_of(engine), sequence)]++;
    }
    seat->next[publisher] = until;
    members_advance(engine, publisher);
}

/* ---- a message ---- */

static void fail(struct seat *seat, const char *what)
{
    connection_fail(&seat->connection, FAULT_WRONG, "a member got %s", what);
}

/* The message at hand is this publication. */
static void take_stamp(struct seat *seat)
{
    struct room *room = room_of(seat->connection.engine);
    uint64_t number;

    if (!stamp_read(seat->stamp, &number, &seat->sequence) || number >= room->publisher_count) {
        fail(seat, "a message that no publisher has sent");
        return;
    }
    seat->current = &room->publishers[number];
    if (seat->sequence >= atomic_load(&seat->current->published)) {
        fail(seat, "a publication before it was sent");
    } else if (seat->sequence < seat->next[number]) {
        fail(seat, "a publication twice or after a later one");
    } else {
        faults_add(&seat->connection.engine->run->faults, FAULT_LOST,
                   seat->sequence - seat->next[number],
                   "a member got publication %llu of publisher %llu instead of %llu",
                   (unsigned long long)seat->sequence, (unsigned long long)number,
                   (unsigned long long)seat->next[number]);
        count_until(seat, (size_t)number, seat->sequence);
    }
}

/* What comes behind the stamp. */
static void take_body(struct seat *seat, const uint8_t *bytes, size_t length)
{
    const struct engine *engine = seat->connection.engine;
    const struct batch *batch = engine->run->batch;
    size_t index = (size_t)(seat->sequence % batch->count);
    const uint8_t *expected =
        batch->payloads.bytes + batch->payloads.at[index] + seat->message_bytes;

    if (length > strip_length(&batch->payloads, index) - seat->message_bytes) {
        fail(seat, "a publication that is longer than it was sent");
    } else if (!engine->run->settings->no_verify && memcmp(bytes, expected, length) != 0) {
        fail(seat, "a publication with other bytes");
    } else {
        seat->message_bytes += length;
    }
}

static void take_bytes(struct seat *seat, const uint8_t *bytes, size_t length)
{
    if (seat->message_bytes < STAMP_BYTES) {
        size_t missing = STAMP_BYTES - seat->message_bytes;
        size_t taken = length < missing ? length : missing;

        memcpy(seat->stamp + seat->message_bytes, bytes, taken);
        seat->message_bytes += taken;
        bytes += taken;
        length -= taken;
        if (seat->message_bytes == STAMP_BYTES) {
            take_stamp(seat);
        }
    }
    if (length > 0 && seat->connection.state != CONNECTION_DEAD) {
        take_body(seat, bytes, length);
    }
}

static void end_message(struct seat *seat)
{
    struct engine *engine = seat->connection.engine;
    const struct batch *batch = engine->run->batch;
    struct room *room = room_of(engine);
    uint64_t sent_ns;

    if (seat->message_bytes < STAMP_BYTES ||
        seat->message_bytes <
            strip_length(&batch->payloads, (size_t)(seat->sequence % batch->count))) {
        fail(seat, "a publication that is shorter than it was sent");
        return;
    }
    sent_ns = atomic_load(&seat->current->ring[room_slot(room, seat->sequence)].sent_ns);
    histogram_add(&engine->latency, engine->now_ns - sent_ns, 1);
    engine_count(engine, 1);
    seat->message_bytes = 0;
    count_until(seat, publisher_number(room, seat->current), seat->sequence + 1);
}

void member_receive(struct seat *seat, const uint8_t *bytes, size_t length)
{
    const struct batch *batch = seat->connection.engine->run->batch;
    const uint8_t *end = bytes + length;
    struct frames_piece piece;

    while (connection_next(&seat->connection, &bytes, end, &piece)) {
        if (piece.opcode != batch->opcode) {
            fail(seat,
                 piece.opcode == OPCODE_TEXT ? "text instead of binary" : "binary instead of text");
            return;
        }
        take_bytes(seat, piece.bytes, piece.length);
        if (piece.ends && seat->connection.state != CONNECTION_DEAD) {
            end_message(seat);
        }
    }
}

/* ---- ends ---- */

bool member_is_complete(const struct seat *seat, uint64_t *since_ns)
{
    const struct room *room = room_of(seat->connection.engine);

    for (size_t i = 0; i < room->publisher_count; i++) {
        const struct publisher *publisher = &room->publishers[i];

        if (!publisher->gone && seat->next[i] < publisher->published) {
            *since_ns = publisher->ring[room_slot(room, seat->next[i])].sent_ns;
            return false;
        }
    }
    return true;
}

/* It counts as having everything, so that those who publish do not wait for it. */
static void give_up(struct seat *seat, size_t publisher, bool lost)
{
    struct engine *engine = seat->connection.engine;
    struct room *room = room_of(engine);
    struct progress_of_members *progress = &crowd_of(engine)->of[publisher];
    uint64_t next = seat->next[publisher];

    if (lost && !room->publishers[publisher].gone) {
        faults_add(&engine->run->faults, FAULT_LOST, room->publishers[publisher].published - next,
                   "publications that a member did not get");
    }
    for (uint64_t sequence = next; sequence < progress->done + room->slots; sequence++) {
        progress->counts[room_slot(room, sequence)]++;
    }
    members_advance(engine, publisher);
}

void member_end(struct seat *seat, enum ending ending)
{
    struct engine *engine = seat->connection.engine;

    if (ending != ENDING_ORDERLY) {
        crowd_of(engine)->members_ended++;
        for (size_t i = 0; i < room_of(engine)->publisher_count; i++) {
            give_up(seat, i, ending == ENDING_LOST);
        }
    }
    free(seat->next);
    seat->next = NULL;
}

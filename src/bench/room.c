/*
 * The bookkeeping of a fan-out.
 */
#include "bench/room.h"

#include "bench/engine.h"

#include <err.h>
#include <stdlib.h>

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        err(1, "%zu publications", count);
    }
    return memory;
}

/* An operation is a delivery, so a publication is as many operations as there are members. */
static uint64_t publications(const struct settings *settings)
{
    uint64_t members = settings->connections;

    return settings->count / members + (settings->count % members != 0);
}

static uint64_t share(uint64_t whole, uint64_t parts, uint64_t part)
{
    return whole / parts + (part < whole % parts);
}

struct room *room_create(const struct settings *settings)
{
    struct room *room = allocate(1, sizeof *room);

    room->publisher_count = settings->publishers;
    room->publishers = allocate(settings->publishers, sizeof *room->publishers);
    room->threads = settings->threads;
    room->slots = 1;
    while (room->slots < settings->in_flight) {
        room->slots *= 2;
    }
    for (uint64_t i = 0; i < room->publisher_count; i++) {
        struct publisher *publisher = &room->publishers[i];

        publisher->ring = allocate(room->slots, sizeof *publisher->ring);
        publisher->left = settings->count == 0
                              ? UINT64_MAX
                              : share(publications(settings), room->publisher_count, i);
    }
    return room;
}

void room_free(struct room *room)
{
    if (room == NULL) {
        return;
    }
    for (uint64_t i = 0; i < room->publisher_count; i++) {
        free(room->publishers[i].ring);
    }
    free(room->publishers);
    free(room);
}

void publisher_leave(struct publisher *publisher)
{
    atomic_store(&publisher->left, 0);
    atomic_store(&publisher->gone, true);
}

void room_engine_done(struct room *room, struct publisher *publisher, uint64_t sequence)
{
    struct publication *publication = &publisher->ring[room_slot(room, sequence)];

    if (atomic_fetch_add(&publication->engines_done, 1) + 1 < room->threads) {
        return;
    }
    atomic_store(&publication->engines_done, 0);
    atomic_store(&publisher->completed, sequence + 1);
    engine_wake(publisher->engine);
}

uint64_t room_published(const struct room *room)
{
    uint64_t published = 0;

    for (uint64_t i = 0; i < room->publisher_count; i++) {
        published += atomic_load(&room->publishers[i].published);
    }
    return published;
}

/* ---- stamps ---- */

static void write_digits(uint8_t *target, int digits, uint64_t number)
{
    static const char symbols[] = "0123456789abcdef";

    while (digits-- > 0) {
        target[digits] = (uint8_t)symbols[number & 0xf];
        number >>= 4;
    }
}

/* Returns false when a byte is no digit. */
static bool read_digits(const uint8_t *source, int digits, uint64_t *number)
{
    *number = 0;
    for (int i = 0; i < digits; i++) {
        uint8_t byte = source[i];
        uint8_t digit = byte <= '9' ? (uint8_t)(byte - '0') : (uint8_t)(byte - 'a' + 10);

        if (digit > 0xf || (byte > '9' && byte < 'a')) {
            return false;
        }
        *number = *number << 4 | digit;
    }
    return true;
}

void stamp_write(uint8_t stamp[STAMP_BYTES], uint64_t publisher, uint64_t sequence)
{
    write_digits(stamp, STAMP_PUBLISHER_DIGITS, publisher);
    write_digits(stamp + STAMP_PUBLISHER_DIGITS, STAMP_SEQUENCE_DIGITS, sequence);
}

bool stamp_read(const uint8_t stamp[STAMP_BYTES], uint64_t *publisher, uint64_t *sequence)
{
    return read_digits(stamp, STAMP_PUBLISHER_DIGITS, publisher) &&
           read_digits(stamp + STAMP_PUBLISHER_DIGITS, STAMP_SEQUENCE_DIGITS, sequence);
}

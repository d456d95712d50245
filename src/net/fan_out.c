/*
 * The entries of a turn.
 */
#include "net/fan_out.h"

#include <stdlib.h>

enum { LEAST_CAPACITY = 64, SPARSE_TURNS = 64 };

static bool resize(struct fan_out *fan_out, size_t capacity)
{
    struct fan_out_entry *entries = realloc(fan_out->entries, capacity * sizeof *entries);

    if (entries == NULL) {
        return false;
    }
    fan_out->entries = entries;
    fan_out->capacity = capacity;
    return true;
}

static bool has_room(struct fan_out *fan_out)
{
    if (fan_out->count < fan_out->capacity) {
        return true;
    }
    return fan_out->count < UINT32_MAX / 2 &&
           resize(fan_out, fan_out->capacity == 0 ? LEAST_CAPACITY : 2 * fan_out->capacity);
}

uint32_t fan_out_add(struct fan_out *fan_out, struct conn *conn, struct parcel *parcel)
{
    if (parcel->end > UINT32_MAX || !has_room(fan_out)) {
        return 0;
    }
    parcel->references++;
    fan_out->entries[fan_out->count] = (struct fan_out_entry){
        .conn = conn,
        .parcel = parcel,
        .offset = (uint32_t)parcel->offset,
        .end = (uint32_t)parcel->end,
    };
    return (uint32_t)++fan_out->count;
}

/* Not at once and half at a time, so that turns of different sizes do not move it to and fro. */
static void shrink(struct fan_out *fan_out)
{
    bool sparse = fan_out->capacity > LEAST_CAPACITY && fan_out->count < fan_out->capacity / 8;

    fan_out->sparse_turns = sparse ? fan_out->sparse_turns + 1 : 0;
    if (fan_out->sparse_turns == SPARSE_TURNS) {
        fan_out->sparse_turns = 0;
        (void)resize(fan_out, fan_out->capacity / 2);
    }
}

void fan_out_clear(struct fan_out *fan_out)
{
    shrink(fan_out);
    fan_out->count = 0;
}

void fan_out_free(struct fan_out *fan_out)
{
    free(fan_out->entries);
}

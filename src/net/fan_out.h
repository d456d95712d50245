/*
 * What the publications of a turn have brought to connections for which nothing else waits. It goes
 * out when the turn ends, mostly whole, so it needs no queue: an entry here is all that it costs,
 * and because the entries lie one behind the other, walking them costs no cache misses.
 */
#ifndef WSRELAYD_NET_FAN_OUT_H
#define WSRELAYD_NET_FAN_OUT_H

#include "net/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct conn;

struct fan_out_entry {
    struct conn *conn;     /* NULL: taken back */
    struct parcel *parcel; /* a reference */
    uint32_t offset;       /* into the wire bytes of the parcel's message */
    uint32_t end;
};

/* Zero-filled: empty. */
struct fan_out {
    struct fan_out_entry *entries;
    size_t count;
    size_t capacity;
    unsigned sparse_turns; /* one after the other in which few entries were used */
};

/* Adds the parcel's frames. Returns the number of the entry, from 1, or 0 when memory is short or
 * the parcel is too long for one. */
uint32_t fan_out_add(struct fan_out *fan_out, struct conn *conn, struct parcel *parcel);

/* Adds frames that lie right behind those of the entry, in the same message. False when they do
 * not. */
static inline bool fan_out_extend(struct fan_out_entry *entry, const struct parcel *parcel)
{
    if (entry->parcel->message != parcel->message || entry->end != parcel->offset) {
        return false;
    }
    entry->end = (uint32_t)parcel->end;
    return true;
}

static inline struct fan_out_entry *fan_out_entry(struct fan_out *fan_out, uint32_t number)
{
    return &fan_out->entries[number - 1];
}

/* Empties it when a turn's entries have been dealt with. Memory goes after a burst. */
void fan_out_clear(struct fan_out *fan_out);
void fan_out_free(struct fan_out *fan_out);

#endif

/*
 * A timing wheel: many deadlines, each cheap to set, move and cancel. One thread's own.
 *
 * The wheel has WHEEL_SLOTS slots of WHEEL_TICK_MS each. A deadline beyond the horizon (slots
 * times tick) is entered at the horizon: its owner finds on firing that it is not due and sets it
 * again. Deadlines fire late by up to one tick and never early.
 */
#ifndef WSRELAYD_BASE_WHEEL_H
#define WSRELAYD_BASE_WHEEL_H

#include "base/list.h"

#include <stdbool.h>
#include <stdint.h>

enum { WHEEL_TICK_MS = 16, WHEEL_SLOTS = 4096 };

/* What wheel.next may be instead of a tick. It is looked for when somebody asks, and most turns of
 * a loop ask in vain: to find a deadline in half a minute takes 235 instructions. */
enum { WHEEL_NEXT_NONE = -1, WHEEL_NEXT_UNKNOWN = -2 };

/* Lives inside the object that waits. Zero-filled is not valid: call wheel_entry_init. */
struct wheel_entry {
    struct list_node node;
    uint32_t slot; /* meaningful only while the node is on a list */
};

struct wheel {
    struct list_node slots[WHEEL_SLOTS];
    uint64_t occupied[WHEEL_SLOTS / 64]; /* a bit for every slot whose list is not empty */
    int64_t tick;                        /* the last tick that has been fired */
    int64_t next; /* the first tick with an occupied slot, or one of the two above */
};

void wheel_init(struct wheel *wheel, int64_t now_ms);
void wheel_entry_init(struct wheel_entry *entry);

/* Enters or moves a deadline; one before the present tick fires at the next wheel_advance. */
void wheel_set(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ms);

/* Takes a deadline out; does nothing when it is not in. */
void wheel_cancel(struct wheel *wheel, struct wheel_entry *entry);

/*
 * Calls `fire` for every entry that is due at `now_ms`, each taken out before its call. `fire` may
 * set and cancel any entry, its own and others that are due: those cancelled do not fire.
 */
void wheel_advance(struct wheel *wheel, int64_t now_ms,
                   void (*fire)(struct wheel_entry *entry, void *argument), void *argument);

/* When wheel_advance will next have work (ms, monotonic), or -1 when the wheel is empty. */
int64_t wheel_next_ms(struct wheel *wheel);

#endif

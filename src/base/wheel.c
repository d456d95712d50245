/*
 * The timing wheel. Slot number = tick modulo WHEEL_SLOTS; every entry's tick lies within
 * WHEEL_SLOTS ticks from wheel->tick on, so a slot never holds entries of two different ticks.
 */
#include "base/wheel.h"

enum { BITS_PER_WORD = 64, WORDS = WHEEL_SLOTS / BITS_PER_WORD };

_Static_assert((WHEEL_SLOTS & (WHEEL_SLOTS - 1)) == 0, "slots are taken by masking");

static uint32_t slot_of_tick(int64_t tick)
{
    return (uint32_t)((uint64_t)tick & (WHEEL_SLOTS - 1));
}

static void mark_occupied(struct wheel *wheel, uint32_t slot)
{
    wheel->occupied[slot / BITS_PER_WORD] |= UINT64_C(1) << slot % BITS_PER_WORD;
}

static void mark_empty(struct wheel *wheel, uint32_t slot)
{
    wheel->occupied[slot / BITS_PER_WORD] &= ~(UINT64_C(1) << slot % BITS_PER_WORD);
    /* What stands for no tick has a slot, too: then the next look finds what it found before. */
    if (slot_of_tick(wheel->next) == slot) {
        wheel->next = WHEEL_NEXT_UNKNOWN;
    }
}

void wheel_init(struct wheel *wheel, int64_t now_ms)
{
    for (size_t slot = 0; slot < WHEEL_SLOTS; slot++) {
        list_init(&wheel->slots[slot]);
    }
    for (size_t word = 0; word < WORDS; word++) {
        wheel->occupied[word] = 0;
    }
    wheel->tick = now_ms / WHEEL_TICK_MS;
    wheel->next = WHEEL_NEXT_NONE;
}

void wheel_entry_init(struct wheel_entry *entry)
{
    list_init(&entry->node);
    entry->slot = 0;
}

/* The first tick that does not lie before the deadline, within what the wheel can hold. */
static int64_t tick_of_deadline(const struct wheel *wheel, int64_t deadline_ms)
{
    int64_t tick = deadline_ms / WHEEL_TICK_MS + (deadline_ms % WHEEL_TICK_MS > 0);
    int64_t horizon = wheel->tick + WHEEL_SLOTS - 1;

    if (tick < wheel->tick) {
        return wheel->tick;
    }
    return tick < horizon ? tick : horizon;
}

void wheel_set(struct wheel *wheel, struct wheel_entry *entry, int64_t deadline_ms)
{
    int64_t tick = tick_of_deadline(wheel, deadline_ms);
    uint32_t slot = slot_of_tick(tick);

    wheel_cancel(wheel, entry);
    list_append(&wheel->slots[slot], &entry->node);
    entry->slot = slot;
    mark_occupied(wheel, slot);
    if (wheel->next == WHEEL_NEXT_NONE || wheel->next > tick) {
        wheel->next = tick;
    }
}

void wheel_cancel(struct wheel *wheel, struct wheel_entry *entry)
{
    if (list_empty(&entry->node)) {
        return;
    }
    list_remove(&entry->node);
    if (list_empty(&wheel->slots[entry->slot])) {
        mark_empty(wheel, entry->slot);
    }
}

/* How many ticks after wheel->tick the first occupied slot comes, or -1 when there is none. */
static int64_t ticks_to_occupied(const struct wheel *wheel)
{
    uint32_t start = slot_of_tick(wheel->tick);
    uint64_t bits = wheel->occupied[start / BITS_PER_WORD] & (UINT64_MAX << start % BITS_PER_WORD);

    /* The starting word comes up again at the end, for its slots that lie before `start`. */
    for (uint32_t step = 0; step <= WORDS; step++) {
        uint32_t word = (start / BITS_PER_WORD + step) % WORDS;

        if (step > 0) {
            bits = wheel->occupied[word];
        }
        if (bits != 0) {
            uint32_t slot = word * BITS_PER_WORD + (uint32_t)__builtin_ctzll(bits);

            return (slot - start) & (WHEEL_SLOTS - 1);
        }
    }
    return -1;
}

/* The first tick with an occupied slot, or WHEEL_NEXT_NONE. */
static int64_t next_tick(struct wheel *wheel)
{
    if (wheel->next == WHEEL_NEXT_UNKNOWN) {
        int64_t distance = ticks_to_occupied(wheel);

        wheel->next = distance < 0 ? WHEEL_NEXT_NONE : wheel->tick + distance;
    }
    return wheel->next;
}

/* Moves what is due up to and with tick `last` to `due`, in the order of the ticks. */
static void collect_due(struct wheel *wheel, int64_t last, struct list_node *due)
{
    int64_t tick;

    while ((tick = next_tick(wheel)) != WHEEL_NEXT_NONE && tick <= last) {
        uint32_t slot = slot_of_tick(tick);
        struct list_node *node;

        while ((node = list_take_first(&wheel->slots[slot])) != NULL) {
            list_append(due, node);
        }
        mark_empty(wheel, slot);
    }
    wheel->tick = last;
}

void wheel_advance(struct wheel *wheel, int64_t now_ms,
                   void (*fire)(struct wheel_entry *entry, void *argument), void *argument)
{
    int64_t last = now_ms / WHEEL_TICK_MS;
    struct list_node due;
    struct list_node *node;

    /* The slot of the present tick is looked at again: deadlines in the past are entered there. */
    list_init(&due);
    collect_due(wheel, last > wheel->tick ? last : wheel->tick, &due);
    while ((node = list_take_first(&due)) != NULL) {
        fire(container_of(node, struct wheel_entry, node), argument);
    }
}

int64_t wheel_next_ms(struct wheel *wheel)
{
    int64_t tick = next_tick(wheel);

    return tick == WHEEL_NEXT_NONE ? -1 : tick * WHEEL_TICK_MS;
}

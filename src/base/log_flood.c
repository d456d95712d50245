/*
 * The token buckets. A bucket of LOG_BURST tokens that gains LOG_PER_SECOND is fully described by
 * the moment at which it will be full: each line taken moves that moment one interval onwards.
 */
#include "base/log_flood.h"

#include <string.h>

enum { INTERVAL_MS = 1000 / LOG_PER_SECOND, EMPTY_BUCKET_MS = LOG_BURST * INTERVAL_MS };

void log_flood_init(struct log_flood *flood)
{
    memset(flood, 0, sizeof *flood);
    flood->report_at_ms = -1;
}

/* A slot that says nothing a new one would not say. */
static bool is_idle(const struct log_flood_slot *slot, int64_t now_ms)
{
    return slot->message == NULL || (slot->held_back == 0 && slot->full_at_ms <= now_ms);
}

/* The slot of this message, if need be a new one; NULL when all are taken by others. */
static struct log_flood_slot *slot_for(struct log_flood *flood, const char *message, int64_t now_ms)
{
    struct log_flood_slot *idle = NULL;

    for (size_t i = 0; i < LOG_FLOOD_SLOTS; i++) {
        struct log_flood_slot *slot = &flood->slots[i];

        if (slot->message == message) {
            return slot;
        }
        if (idle == NULL && is_idle(slot, now_ms)) {
            idle = slot;
        }
    }
    if (idle != NULL) {
        *idle = (struct log_flood_slot){.message = message, .full_at_ms = now_ms};
    }
    return idle;
}

bool log_flood_admit(struct log_flood *flood, enum log_level level, const char *message,
                     int64_t now_ms)
{
    struct log_flood_slot *slot = slot_for(flood, message, now_ms);
    int64_t full_at_ms;

    if (slot == NULL) {
        return true;
    }
    full_at_ms = (slot->full_at_ms > now_ms ? slot->full_at_ms : now_ms) + INTERVAL_MS;
    if (full_at_ms - now_ms <= EMPTY_BUCKET_MS) {
        slot->full_at_ms = full_at_ms;
        return true;
    }
    slot->level = level;
    slot->held_back++;
    if (flood->report_at_ms < 0) {
        flood->report_at_ms = now_ms + LOG_FLOOD_REPORT_AFTER_MS;
    }
    return false;
}

size_t log_flood_take_reports(struct log_flood *flood,
                              struct log_flood_report reports[LOG_FLOOD_SLOTS])
{
    size_t count = 0;

    for (size_t i = 0; i < LOG_FLOOD_SLOTS; i++) {
        struct log_flood_slot *slot = &flood->slots[i];

        if (slot->held_back > 0) {
            reports[count++] =
                (struct log_flood_report){slot->message, slot->level, slot->held_back};
            slot->held_back = 0;
        }
    }
    flood->report_at_ms = -1;
    return count;
}

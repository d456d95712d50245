/*
 * Thinning of log lines that come in floods: a token bucket for every message. Private to the
 * log, which calls it under its lock.
 */
#ifndef WSRELAYD_BASE_LOG_FLOOD_H
#define WSRELAYD_BASE_LOG_FLOOD_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { LOG_FLOOD_SLOTS = 64, LOG_FLOOD_REPORT_AFTER_MS = 1000 };

/* Zero-filled: a slot that nobody uses. */
struct log_flood_slot {
    const char *message; /* the literal, known by its address */
    enum log_level level;
    uint64_t held_back; /* since the last report */
    int64_t full_at_ms; /* when the bucket has all its tokens again */
};

struct log_flood {
    struct log_flood_slot slots[LOG_FLOOD_SLOTS];
    int64_t report_at_ms; /* a second after the first line held back; -1: none was */
};

struct log_flood_report {
    const char *message;
    enum log_level level;
    uint64_t held_back;
};

void log_flood_init(struct log_flood *flood);

/*
 * Whether a line with this message may be written now. When more different messages than there
 * are slots come in floods at the same time, the last of them are not thinned.
 */
bool log_flood_admit(struct log_flood *flood, enum log_level level, const char *message,
                     int64_t now_ms);

/* Takes out what has been held back. Returns how many reports there are. */
size_t log_flood_take_reports(struct log_flood *flood,
                              struct log_flood_report reports[LOG_FLOOD_SLOTS]);

#endif

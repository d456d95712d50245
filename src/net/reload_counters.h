/*
 * What is known of reloads: how they went, and how many of the objects that they replace are
 * alive. Old ones live as long as connections or threads hold them. Any thread.
 */
#ifndef WSRELAYD_NET_RELOAD_COUNTERS_H
#define WSRELAYD_NET_RELOAD_COUNTERS_H

enum reload_counter {
    RELOADS_SUCCEEDED,
    RELOADS_FAILED,
    CERTIFICATE_RELOADS_SUCCEEDED, /* because their files had changed */
    CERTIFICATE_RELOADS_FAILED,
    LIVE_SNAPSHOTS,
    LIVE_ROUTES,
    LIVE_LISTENERS,
    RELOAD_COUNTER_COUNT
};

/* The name of each, as statistics show it. */
extern const char *const reload_counter_names[RELOAD_COUNTER_COUNT];

void reload_counter_increase(enum reload_counter counter);
void reload_counter_decrease(enum reload_counter counter);
unsigned long reload_counter_read(enum reload_counter counter);

#endif

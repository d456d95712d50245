/*
 * Counters of reloads and of what they replace.
 */
#include "net/reload_counters.h"

#include <stdatomic.h>

const char *const reload_counter_names[RELOAD_COUNTER_COUNT] = {
    [RELOADS_SUCCEEDED] = "reloads_succeeded",
    [RELOADS_FAILED] = "reloads_failed",
    [CERTIFICATE_RELOADS_SUCCEEDED] = "certificate_reloads_succeeded",
    [CERTIFICATE_RELOADS_FAILED] = "certificate_reloads_failed",
    [LIVE_SNAPSHOTS] = "live_snapshots",
    [LIVE_ROUTES] = "live_routes",
    [LIVE_LISTENERS] = "live_listeners",
};

static atomic_ulong values[RELOAD_COUNTER_COUNT];

void reload_counter_increase(enum reload_counter counter)
{
    atomic_fetch_add_explicit(&values[counter], 1, memory_order_relaxed);
}

void reload_counter_decrease(enum reload_counter counter)
{
    atomic_fetch_sub_explicit(&values[counter], 1, memory_order_relaxed);
}

unsigned long reload_counter_read(enum reload_counter counter)
{
    return atomic_load_explicit(&values[counter], memory_order_relaxed);
}

/*
 * Sums over workers.
 */
#include "server/statistics.h"

#include "base/log.h"
#include "net/reload_counters.h"
#include "server/worker.h"

void statistics_log(struct worker *const *workers, unsigned count, unsigned long denied)
{
    struct log_field fields[COUNTER_COUNT + 1 + RELOAD_COUNTER_COUNT];

    if (!log_enabled(LOG_LEVEL_NOTICE)) {
        return;
    }
    for (int counter = 0; counter < COUNTER_COUNT; counter++) {
        uint64_t sum = 0;

        for (unsigned i = 0; i < count; i++) {
            sum += counter_read(worker_counters(workers[i]), (enum counter)counter);
        }
        fields[counter] = (struct log_field)LOG_NUMBER(counter_names[counter], sum);
    }
    fields[COUNTER_COUNT] = (struct log_field)LOG_NUMBER("denied", denied);
    for (int i = 0; i < RELOAD_COUNTER_COUNT; i++) {
        fields[COUNTER_COUNT + 1 + i] = (struct log_field)LOG_NUMBER(
            reload_counter_names[i], reload_counter_read((enum reload_counter)i));
    }
    log_event(LOG_LEVEL_NOTICE, "stopped", fields, sizeof fields / sizeof *fields);
}

/*
 * Counting what went wrong.
 */
#include "bench/faults.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

const char *const fault_names[FAULT_KINDS] = {
    [FAULT_REFUSED] = "refused", [FAULT_LOST] = "lost",       [FAULT_WRONG] = "wrong",
    [FAULT_CLOSED] = "closed",   [FAULT_TIMEOUT] = "timeout",
};

void faults_init(struct faults *faults)
{
    memset(faults, 0, sizeof *faults);
    pthread_mutex_init(&faults->lock, NULL);
}

void faults_add(struct faults *faults, enum fault fault, uint64_t count, const char *format, ...)
{
    va_list arguments;

    if (count == 0) {
        return;
    }
    atomic_fetch_add_explicit(&faults->counts[fault], count, memory_order_relaxed);
    pthread_mutex_lock(&faults->lock);
    if (faults->first[0] == '\0') {
        va_start(arguments, format);
        vsnprintf(faults->first, sizeof faults->first, format, arguments);
        va_end(arguments);
    }
    pthread_mutex_unlock(&faults->lock);
}

uint64_t faults_total(const struct faults *faults)
{
    uint64_t total = 0;

    for (int i = 0; i < FAULT_KINDS; i++) {
        total += atomic_load_explicit(&faults->counts[i], memory_order_relaxed);
    }
    return total;
}

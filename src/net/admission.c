/*
 * Counting in before memory is spent.
 */
#include "net/admission.h"

/* Counts one more unless that would be more than `limit`. */
static bool take(atomic_uint *count, unsigned limit)
{
    if (atomic_fetch_add_explicit(count, 1, memory_order_relaxed) < limit) {
        return true;
    }
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
    return false;
}

static void give_back(atomic_uint *count)
{
    atomic_fetch_sub_explicit(count, 1, memory_order_relaxed);
}

static unsigned limit_of(const atomic_uint *limit)
{
    return atomic_load_explicit(limit, memory_order_relaxed);
}

enum admission_verdict admission_ask(struct admission *admission)
{
    if (take(&admission->connections, limit_of(&admission->max_connections))) {
        if (take(&admission->pending, limit_of(&admission->max_pending))) {
            return ADMISSION_GRANTED;
        }
        give_back(&admission->connections);
    }
    if (take(&admission->overflow, ADMISSION_OVERFLOW_MAX)) {
        return ADMISSION_OVERFLOW;
    }
    atomic_fetch_add_explicit(&admission->denied, 1, memory_order_relaxed);
    return ADMISSION_DENIED;
}

void admission_end_pending(struct admission *admission)
{
    give_back(&admission->pending);
}

void admission_leave(struct admission *admission, enum admission_verdict verdict)
{
    give_back(verdict == ADMISSION_GRANTED ? &admission->connections : &admission->overflow);
}

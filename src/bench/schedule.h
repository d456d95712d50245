/*
 * When the operations of an open loop are due: at a fixed rate from a start on, whatever became of
 * those before. The threads take turns, so that each knows its own moments by arithmetic.
 */
#ifndef WSRELAYD_BENCH_SCHEDULE_H
#define WSRELAYD_BENCH_SCHEDULE_H

#include <stdbool.h>
#include <stdint.h>

struct schedule {
    uint64_t start_ns;
    double interval_ns; /* between two operations of all threads; 0: no rate, never due */
    uint64_t shares;    /* threads, or whoever takes turns */
    uint64_t share;     /* which of them this is, from 0 */
    uint64_t taken;     /* operations of this share that were due so far */
};

/* When operation `number` (from 0) of this share is due. */
static inline uint64_t schedule_due_ns(const struct schedule *schedule, uint64_t number)
{
    double turn = (double)(number * schedule->shares + schedule->share);

    return schedule->start_ns + (uint64_t)(turn * schedule->interval_ns);
}

/* How many operations are due by now and have not been taken. */
static inline uint64_t schedule_overdue(const struct schedule *schedule, uint64_t now_ns)
{
    double turns;
    uint64_t due;

    if (schedule->interval_ns == 0 || schedule_due_ns(schedule, schedule->taken) > now_ns) {
        return 0;
    }
    turns = (double)(now_ns - schedule->start_ns) / schedule->interval_ns;
    due = (uint64_t)((turns - (double)schedule->share) / (double)schedule->shares) + 1;
    return due > schedule->taken ? due - schedule->taken : 0;
}

/* Takes the next operation if it is due by now, and says since when. */
static inline bool schedule_take(struct schedule *schedule, uint64_t now_ns, uint64_t *due_ns)
{
    *due_ns = schedule_due_ns(schedule, schedule->taken);
    if (schedule->interval_ns == 0 || *due_ns > now_ns) {
        return false;
    }
    schedule->taken++;
    return true;
}

#endif

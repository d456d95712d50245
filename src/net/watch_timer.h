/*
 * A timer as a descriptor, for what a thread waits for besides its connections: their deadlines
 * are in a timing wheel (base/wheel.h).
 */
#ifndef WSRELAYD_NET_WATCH_TIMER_H
#define WSRELAYD_NET_WATCH_TIMER_H

#include "net/watch.h"

#include <stdbool.h>
#include <stdint.h>

struct watch_timer {
    struct single_watch watch;
    void (*due)(void *argument);
    void *argument;
};

/*
 * Prepares a timer of the set's thread that is not running. Returns false when the kernel refuses;
 * watch_timer_close is to be called all the same. A timer of zeros and fd -1 may be closed too.
 */
bool watch_timer_init(struct watch_timer *timer, struct watch_set *set, void (*due)(void *argument),
                      void *argument);

/* Has `due` called once, in delay_ms (monotonic; at once if that is 0), and not when it was to be
 * called before. */
void watch_timer_start(struct watch_timer *timer, int64_t delay_ms);

void watch_timer_close(struct watch_timer *timer);

#endif

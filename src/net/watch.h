/*
 * Readiness of a descriptor, in three calls. Level-triggered: what is wanted and ready is reported
 * at every turn of the loop. Everything that the event library is used for on connections is here.
 */
#ifndef WSRELAYD_NET_WATCH_H
#define WSRELAYD_NET_WATCH_H

#include <event2/event.h>
#include <event2/event_struct.h>
#include <stdbool.h>

enum { WATCH_READ = EV_READ, WATCH_WRITE = EV_WRITE };

/* Lives in the object that owns the descriptor. */
struct watch {
    struct event event;
};

/*
 * Watches `fd` for WATCH_READ. `ready` is called with what is ready (WATCH_READ | WATCH_WRITE) and
 * `owner`. Returns false when the kernel or memory refuses.
 */
bool watch_start(struct watch *watch, struct event_base *base, int fd,
                 void (*ready)(int fd, short what, void *owner), void *owner);

/* Changes what is waited for: any of WATCH_READ and WATCH_WRITE, or 0 for nothing. */
bool watch_want(struct watch *watch, short what);

/* Ends the watch; also when an event has been found and not yet reported: it never will be. */
void watch_stop(struct watch *watch);

#endif

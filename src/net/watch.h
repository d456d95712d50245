/*
 * Readiness of a thread's connections. Level-triggered: what is wanted and ready is
 * reported at every turn of the loop.
 *
 * The descriptors are in an epoll set of the thread's own, which is one event of its event base.
 * An event of libevent's costs each connection 128 bytes and two entries in maps, and the
 * bookkeeping shows when thousands are active at once.
 */
#ifndef WSRELAYD_NET_WATCH_H
#define WSRELAYD_NET_WATCH_H

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>
#include <sys/epoll.h>

enum { WATCH_READ = 1, WATCH_WRITE = 2 };

/*
 * Of the object, from its watch on, so much is fetched before it is reported, unless it is the
 * first of a poll: what three cache lines hold at least of an object that malloc has aligned to 16.
 */
enum { WATCH_HOT_BYTES = 144 };

/*
 * Lives in the object that owns the descriptor. When the watch has been stopped the object must
 * stay until the callback at hand has returned, because its readiness may have been found already,
 * and until the descriptor, of which there is no duplicate, has been closed: the kernel has its
 * address.
 */
struct watch {
    int fd;
    uint8_t wanted; /* WATCH_READ | WATCH_WRITE; what is not wanted is not reported */
};

enum {
    WATCH_EVENTS_MAX = 512
}; /* taken from the kernel at once; the rest waits for the next turn */

struct watch_set {
    int epoll_fd;
    struct event *event;
    void (*ready)(struct watch *watch, unsigned what);
    int found; /* how many were ready when the kernel was last asked */
    struct epoll_event events[WATCH_EVENTS_MAX];
};

/*
 * Prepares a set on an event base. `ready` is called with what is wanted and ready. Returns false
 * when the kernel or memory refuses; watch_set_free is to be called all the same.
 */
bool watch_set_init(struct watch_set *set, struct event_base *base,
                    void (*ready)(struct watch *watch, unsigned what));

/*
 * Reports what is ready at this moment, as the event base does when it finds the set readable.
 * Returns how many were found.
 */
int watch_poll(struct watch_set *set);

/* Nothing may be watched any more. */
void watch_set_free(struct watch_set *set);

/* Watches `fd` for WATCH_READ. Returns false when the kernel refuses. */
bool watch_start(struct watch_set *set, struct watch *watch, int fd);

/* Changes what is waited for: any of WATCH_READ and WATCH_WRITE, or 0 for nothing. Returns false
 * when the kernel refuses. */
bool watch_want(struct watch_set *set, struct watch *watch, unsigned wanted);

/* Ends the watch: nothing may be wanted of it again. The descriptor, which is still open, leaves
 * the set when it is closed; that saves a system call for each connection. */
void watch_stop(struct watch *watch);

#endif

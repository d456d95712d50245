/*
 * Readiness of the descriptors of a thread. Level-triggered: what is wanted and ready is reported
 * at every turn of the loop.
 *
 * One epoll set holds all that a thread waits for, so that a wait is one system call. libevent, as
 * the one that waits, costs each connection 128 bytes and two entries in maps; with this set as an
 * event of a base, whatever is ready takes a second epoll_wait.
 */
#ifndef WSRELAYD_NET_WATCH_H
#define WSRELAYD_NET_WATCH_H

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
 * stay until watch_poll has returned, because its readiness may have been found already, and until
 * the descriptor, of which there is no duplicate, has been closed: the kernel has its address.
 */
struct watch {
    int fd;
    uint8_t wanted; /* WATCH_READ | WATCH_WRITE; what is not wanted is not reported */
    bool single;    /* it is that of a struct single_watch */
};

/* Of a listener, a mailbox or a timer: it has a callback of its own, for WATCH_READ. */
struct single_watch {
    struct watch watch;
    void (*ready)(void *argument);
    void *argument;
};

enum {
    WATCH_EVENTS_MAX = 512
}; /* taken from the kernel at once; the rest waits for the next turn */

struct watch_set {
    int epoll_fd; /* readable while anything in it is ready */
    void (*ready)(struct watch *watch, unsigned what);
    struct epoll_event events[WATCH_EVENTS_MAX];
};

/*
 * Prepares a set. `ready` is called with what is wanted and ready of a watch that is not single; it
 * may be NULL if there is none. Returns false when the kernel refuses; watch_set_free is to be
 * called all the same.
 */
bool watch_set_init(struct watch_set *set, void (*ready)(struct watch *watch, unsigned what));

/*
 * Reports what is ready; if `waits`, not before anything is. There is no wait for a time: the
 * kernel would start and stop a timer for each, where a watch_timer stays. Returns how many
 * descriptors were ready, 0 if a signal came first, or -1 when the set is broken.
 */
int watch_poll(struct watch_set *set, bool waits);

/* Nothing may be watched any more. */
void watch_set_free(struct watch_set *set);

/* Watches `fd` for WATCH_READ. Returns false when the kernel refuses. */
bool watch_start(struct watch_set *set, struct watch *watch, int fd);

/* Prepares a watch that waits for nothing yet: watch_want changes that. */
void single_watch_init(struct single_watch *single, int fd, void (*ready)(void *argument),
                       void *argument);

/*
 * Changes what is waited for: any of WATCH_READ and WATCH_WRITE, or 0 for nothing, with which the
 * descriptor leaves the set. Returns false, and changes nothing, when the kernel refuses.
 */
bool watch_want(struct watch_set *set, struct watch *watch, unsigned wanted);

/* Ends the watch: nothing may be wanted of it again. The descriptor, which is still open, leaves
 * the set when it is closed; that saves a system call for each connection. */
void watch_stop(struct watch *watch);

#endif

/*
 * Signals that are read like anything else that arrives (signalfd(2)): they are blocked in every
 * thread, so nothing is ever interrupted by one, and what comes before anybody reads waits.
 */
#ifndef WSRELAYD_SERVER_SIGNAL_FEED_H
#define WSRELAYD_SERVER_SIGNAL_FEED_H

#include <event2/event.h>
#include <stddef.h>
#include <sys/types.h>

struct signal_feed;

/* `sender` is the process that has sent it; 0: one that is not seen from here, or the kernel. */
typedef void signal_caught(void *owner, int number, pid_t sender);

/*
 * Has HUP, USR1 and USR2, which would end the process, wait until there is a feed. In this thread
 * and those that it starts from now on.
 */
void signal_feed_hold(void);

/* Calls `caught` for each of these signals, on the base's thread. NULL when memory or descriptors
 * are short. */
struct signal_feed *signal_feed_create(struct event_base *base, const int *numbers, size_t count,
                                       signal_caught *caught, void *owner);

/* What has not been read is lost. From now on TERM and INT end the process at once; HUP, USR1 and
 * USR2 do nothing. NULL is allowed. */
void signal_feed_free(struct signal_feed *feed);

#endif

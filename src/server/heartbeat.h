/*
 * What the service manager hears of the server while it lives: that it is ready, how many
 * connections it has, that its threads turn, that it stops and is not done yet.
 */
#ifndef WSRELAYD_SERVER_HEARTBEAT_H
#define WSRELAYD_SERVER_HEARTBEAT_H

#include <event2/event.h>

struct heartbeat;
struct listener;
struct reload_result;
struct worker;

/* For these workers, on the main thread's base. NULL when memory is short. */
struct heartbeat *heartbeat_create(struct event_base *base, struct worker *const *workers,
                                   unsigned worker_count);

/* Says that the server is ready, and goes on from there. Does nothing without a manager. */
void heartbeat_begin(struct heartbeat *heartbeat);

/* Says that a reload is over, unless the server stops. That one has failed stays in the status
 * until another succeeds. */
void heartbeat_reloaded(struct heartbeat *heartbeat, const struct reload_result *result);

/* Has the status say that new certificates of this listener cannot be used; NULL: no more. */
void heartbeat_note_certificates(struct heartbeat *heartbeat, const struct listener *unusable);

/* Says that the server stops, and asks for time as long as it takes. */
void heartbeat_stop(struct heartbeat *heartbeat);

/* Before the workers are freed. NULL is allowed. */
void heartbeat_free(struct heartbeat *heartbeat);

#endif

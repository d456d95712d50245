/*
 * Listeners with tls.reload_on_change: their certificates are read again when the files have
 * changed. The main thread.
 */
#ifndef WSRELAYD_SERVER_CERTIFICATE_WATCH_H
#define WSRELAYD_SERVER_CERTIFICATE_WATCH_H

#include "net/listener_set.h"

#include <event2/event.h>
#include <stdbool.h>

struct certificate_watch;

/* Reads the certificates of listener `index` of the set in force; returns whether that went well.
 */
typedef bool certificate_watch_renew(void *owner, size_t index);

/* Hears, every time that files were looked at or others are watched, which listener's cannot be
 * used; NULL: all can. */
typedef void certificate_watch_tell(void *owner, const struct listener *unusable);

/* NULL when memory is short. It does nothing before the first certificate_watch_start. */
struct certificate_watch *certificate_watch_create(struct event_base *base,
                                                   certificate_watch_renew *renew,
                                                   certificate_watch_tell *tell, void *owner);
void certificate_watch_free(struct certificate_watch *watch); /* NULL is allowed */

/* Looks after these listeners from now on; both must stay where they are. Again when the
 * configuration in force has changed. */
void certificate_watch_start(struct certificate_watch *watch, const struct config *config,
                             const struct listener_set *set);

#endif

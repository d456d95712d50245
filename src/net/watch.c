/*
 * Readiness through libevent's persistent events.
 */
#include "net/watch.h"

bool watch_start(struct watch *watch, struct event_base *base, int fd,
                 void (*ready)(int fd, short what, void *owner), void *owner)
{
    return event_assign(&watch->event, base, fd, EV_READ | EV_PERSIST, ready, owner) == 0 &&
           event_add(&watch->event, NULL) == 0;
}

bool watch_want(struct watch *watch, short what)
{
    struct event *event = &watch->event;

    event_del(event);
    if (what == 0) {
        return true;
    }
    return event_assign(event, event_get_base(event), event_get_fd(event),
                        (short)(what | EV_PERSIST), event_get_callback(event),
                        event_get_callback_arg(event)) == 0 &&
           event_add(event, NULL) == 0;
}

void watch_stop(struct watch *watch)
{
    event_del(&watch->event);
}

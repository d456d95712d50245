/*
 * A timer. Files are often replaced one after the other, a key behind its certificate: a change
 * counts when it was the same twice.
 */
#include "server/certificate_watch.h"

#include "base/log.h"
#include "net/reload_counters.h"
#include "net/tls_files.h"

#include <stdlib.h>

enum { INTERVAL_MS = 2000 };

struct certificate_watch {
    struct event *timer;
    certificate_watch_renew *renew;
    certificate_watch_tell *tell;
    void *owner;
    const struct config *config;
    const struct listener_set *set;
};

static bool is_watched(const struct listener_config *config)
{
    return config->tls != NULL && config->tls->reload_on_change;
}

static void use_new_files(struct certificate_watch *watch, size_t index, uint64_t mark)
{
    struct listener *listener = watch->set->listeners[index];
    const char *name = watch->config->listeners[index].name;

    if (watch->renew(watch->owner, index)) {
        reload_counter_increase(CERTIFICATE_RELOADS_SUCCEEDED);
        log_notice("certificates reloaded", LOG_TEXT("listener", name));
    } else {
        reload_counter_increase(CERTIFICATE_RELOADS_FAILED);
        listener->failed_mark = mark; /* said once: not tried again before the next change */
        log_error("certificates have changed and cannot be used: the old ones stay in use",
                  LOG_TEXT("listener", name));
    }
}

static void look(struct certificate_watch *watch, size_t index)
{
    struct listener *listener = watch->set->listeners[index];
    uint64_t mark = tls_files_mark(watch->config->listeners[index].tls);

    if (mark == listener->files_mark) {
        listener->failed_mark = 0; /* they have been put back */
    }
    if (mark != listener->files_mark && mark != listener->failed_mark &&
        mark == listener->seen_mark) {
        use_new_files(watch, index, mark);
    } else {
        listener->seen_mark = mark;
    }
}

static void arm(const struct certificate_watch *watch)
{
    static const struct timeval interval = {.tv_sec = INTERVAL_MS / 1000,
                                            .tv_usec = INTERVAL_MS % 1000 * 1000};

    for (size_t i = 0; i < watch->config->listener_count; i++) {
        if (is_watched(&watch->config->listeners[i])) {
            (void)event_add(watch->timer, &interval);
            return;
        }
    }
}

static void timer_due(evutil_socket_t fd, short what, void *argument)
{
    struct certificate_watch *watch = argument;

    (void)fd;
    (void)what;
    for (size_t i = 0; i < watch->config->listener_count; i++) {
        if (is_watched(&watch->config->listeners[i])) {
            look(watch, i);
        }
    }
    watch->tell(watch->owner, listener_set_find_unusable(watch->set));
    arm(watch);
}

struct certificate_watch *certificate_watch_create(struct event_base *base,
                                                   certificate_watch_renew *renew,
                                                   certificate_watch_tell *tell, void *owner)
{
    struct certificate_watch *watch = calloc(1, sizeof *watch);

    if (watch == NULL) {
        return NULL;
    }
    watch->renew = renew;
    watch->tell = tell;
    watch->owner = owner;
    watch->timer = evtimer_new(base, timer_due, watch);
    if (watch->timer == NULL) {
        free(watch);
        return NULL;
    }
    return watch;
}

void certificate_watch_free(struct certificate_watch *watch)
{
    if (watch != NULL) {
        event_free(watch->timer);
        free(watch);
    }
}

void certificate_watch_start(struct certificate_watch *watch, const struct config *config,
                             const struct listener_set *set)
{
    watch->config = config;
    watch->set = set;
    watch->tell(watch->owner, listener_set_find_unusable(set));
    (void)event_del(watch->timer);
    arm(watch);
}

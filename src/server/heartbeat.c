/*
 * Two timers of the main thread: one for the status, one for the watchdog. The watchdog is told of
 * life only when this thread and every worker have turned since the last time; an idle worker does
 * not turn by itself, so each is sent a mail that it has to take.
 */
#include "server/heartbeat.h"

#include "base/log.h"
#include "net/listener.h"
#include "server/notify.h"
#include "server/reloader.h"
#include "server/worker.h"

#include <stdio.h>
#include <stdlib.h>

enum {
    STATUS_INTERVAL_MS = 2000,
    STOP_EXTENSION_US = 15000000, /* several intervals: a message may get lost */
    STATUS_TEXT_BYTES = 700,
    FAILURE_BYTES = 400,
    UNUSABLE_BYTES = 200,
    LATE_FRACTION = 8, /* of the interval, until a late worker is looked at again */
};

struct heartbeat {
    struct worker *const *workers;
    unsigned worker_count;
    struct event *status_timer;
    struct event *watchdog_timer;
    int64_t watchdog_interval_us; /* 0: nobody watches */
    bool stopping;
    char failure[FAILURE_BYTES];   /* of the last reload; empty: there is nothing to say */
    char unusable[UNUSABLE_BYTES]; /* certificates; empty: there is nothing to say */
    bool late;                     /* a worker has been reported, and has not turned since */
    int64_t seen_ms[]; /* for each worker: when it had turned last when it was asked to */
};

/* ---- status ---- */

static void arm(struct event *timer, int64_t delay_us)
{
    struct timeval delay = {.tv_sec = delay_us / 1000000, .tv_usec = delay_us % 1000000};

    (void)event_add(timer, &delay);
}

static void make_status(const struct heartbeat *heartbeat, char text[STATUS_TEXT_BYTES])
{
    unsigned connections = 0;

    for (unsigned i = 0; i < heartbeat->worker_count; i++) {
        connections += worker_connection_count(heartbeat->workers[i]);
    }
    snprintf(text, STATUS_TEXT_BYTES, "%s, connections: %u%s%s",
             heartbeat->stopping ? "stopping" : "serving", connections, heartbeat->unusable,
             heartbeat->failure);
}

static void status_due(evutil_socket_t fd, short what, void *argument)
{
    struct heartbeat *heartbeat = argument;
    char status[STATUS_TEXT_BYTES];

    (void)fd;
    (void)what;
    make_status(heartbeat, status);
    if (heartbeat->stopping) {
        notify_extend(STOP_EXTENSION_US, status);
    } else {
        notify_status(status);
    }
    arm(heartbeat->status_timer, (int64_t)STATUS_INTERVAL_MS * 1000);
}

/* ---- watchdog ---- */

static void ask_workers(struct heartbeat *heartbeat)
{
    for (unsigned i = 0; i < heartbeat->worker_count; i++) {
        heartbeat->seen_ms[i] = worker_turned_ms(heartbeat->workers[i]);
        worker_ask(heartbeat->workers[i]);
    }
}

/* A worker that has not turned since it was asked, or -1. */
static int find_late(const struct heartbeat *heartbeat)
{
    for (unsigned i = 0; i < heartbeat->worker_count; i++) {
        int64_t turned_ms = worker_turned_ms(heartbeat->workers[i]);

        if (turned_ms == heartbeat->seen_ms[i] && turned_ms != WORKER_ENDED_MS) {
            return (int)i;
        }
    }
    return -1;
}

/* Says it once, and asks again: two turns of one millisecond cannot be told apart. */
static void wait_for_late(struct heartbeat *heartbeat, int late)
{
    if (!heartbeat->late) {
        log_warning("a worker does not turn: the watchdog is not fed", LOG_NUMBER("worker", late));
    }
    heartbeat->late = true;
    worker_ask(heartbeat->workers[late]);
    arm(heartbeat->watchdog_timer, heartbeat->watchdog_interval_us / LATE_FRACTION);
}

static void watchdog_due(evutil_socket_t fd, short what, void *argument)
{
    struct heartbeat *heartbeat = argument;
    int late = find_late(heartbeat);

    (void)fd;
    (void)what;
    if (late >= 0) {
        wait_for_late(heartbeat, late);
        return;
    }
    heartbeat->late = false;
    notify_watchdog();
    ask_workers(heartbeat);
    arm(heartbeat->watchdog_timer, heartbeat->watchdog_interval_us);
}

/* ---- its life ---- */

struct heartbeat *heartbeat_create(struct event_base *base, struct worker *const *workers,
                                   unsigned worker_count)
{
    struct heartbeat *heartbeat =
        calloc(1, sizeof *heartbeat + worker_count * sizeof heartbeat->seen_ms[0]);

    if (heartbeat == NULL) {
        return NULL;
    }
    heartbeat->workers = workers;
    heartbeat->worker_count = worker_count;
    heartbeat->watchdog_interval_us = notify_watchdog_us() / 2;
    heartbeat->status_timer = evtimer_new(base, status_due, heartbeat);
    heartbeat->watchdog_timer = evtimer_new(base, watchdog_due, heartbeat);
    if (heartbeat->status_timer == NULL || heartbeat->watchdog_timer == NULL) {
        heartbeat_free(heartbeat);
        return NULL;
    }
    return heartbeat;
}

void heartbeat_begin(struct heartbeat *heartbeat)
{
    char status[STATUS_TEXT_BYTES];

    if (!notify_enabled()) {
        return;
    }
    make_status(heartbeat, status);
    notify_ready(status);
    arm(heartbeat->status_timer, (int64_t)STATUS_INTERVAL_MS * 1000);
    if (heartbeat->watchdog_interval_us > 0) {
        ask_workers(heartbeat);
        arm(heartbeat->watchdog_timer, heartbeat->watchdog_interval_us);
    }
}

static void note_failure(struct heartbeat *heartbeat, const struct reload_result *result)
{
    const struct text_list *errors = &result->errors;
    const char *first = errors->count > 0 ? errors->items[0] : "memory is short";

    if (errors->count > 1) {
        snprintf(heartbeat->failure, FAILURE_BYTES, ", last reload failed with %zu errors: %.300s",
                 errors->count, first);
    } else {
        snprintf(heartbeat->failure, FAILURE_BYTES, ", last reload failed: %.300s", first);
    }
}

void heartbeat_reloaded(struct heartbeat *heartbeat, const struct reload_result *result)
{
    char status[STATUS_TEXT_BYTES];

    heartbeat->failure[0] = '\0';
    if (!result->succeeded) {
        note_failure(heartbeat, result);
    }
    if (!heartbeat->stopping) {
        make_status(heartbeat, status);
        notify_ready(status);
    }
}

void heartbeat_note_certificates(struct heartbeat *heartbeat, const struct listener *unusable)
{
    heartbeat->unusable[0] = '\0';
    if (unusable != NULL) {
        snprintf(heartbeat->unusable, UNUSABLE_BYTES,
                 ", new certificates of listener \"%.100s\" cannot be used", unusable->name);
    }
}

void heartbeat_stop(struct heartbeat *heartbeat)
{
    char status[STATUS_TEXT_BYTES];

    heartbeat->stopping = true;
    heartbeat->failure[0] = '\0';
    heartbeat->unusable[0] = '\0';
    make_status(heartbeat, status);
    notify_stopping(status);
}

void heartbeat_free(struct heartbeat *heartbeat)
{
    if (heartbeat == NULL) {
        return;
    }
    if (heartbeat->status_timer != NULL) {
        event_free(heartbeat->status_timer);
    }
    if (heartbeat->watchdog_timer != NULL) {
        event_free(heartbeat->watchdog_timer);
    }
    free(heartbeat);
}

/*
 * The queue of who has asked, and the run for them.
 */
#include "server/reloader.h"

#include "base/log.h"
#include "net/reload_counters.h"
#include "server/heartbeat.h"
#include "server/notify.h"

#include <stdlib.h>
#include <string.h>

struct request {
    struct request *next;
    reload_done *done;
    void *owner;
};

struct reloader {
    struct reloader_parts parts;
    struct event *begin;     /* made active when there is something to do */
    struct request *asked;   /* for the next run */
    struct request *running; /* for the one that runs */
    bool wanted;             /* a run has been asked for and not begun */
    bool runs;
    bool stopped;
    struct worker_barrier barrier; /* of the one that runs */
    struct reload_changes changes; /* of the one that runs */
    struct reload_result last;     /* .at is 0 before the first */
};

/* ---- its end ---- */

/* Whoever is told may forget others. */
static void answer(struct request **requests, const struct reload_result *result)
{
    while (*requests != NULL) {
        struct request *request = *requests;

        *requests = request->next;
        request->done(request->owner, result);
        free(request);
    }
}

static void log_success(const struct reload_changes *changes)
{
    log_notice("reloaded", LOG_NUMBER("listeners_kept", changes->listeners_kept),
               LOG_NUMBER("listeners_added", changes->listeners_added),
               LOG_NUMBER("listeners_dropped", changes->listeners_dropped),
               LOG_NUMBER("routes_kept", changes->routes.kept),
               LOG_NUMBER("routes_changed", changes->routes.changed),
               LOG_NUMBER("routes_added", changes->routes.added),
               LOG_NUMBER("routes_removed", changes->routes.removed),
               LOG_NUMBER("live_snapshots", reload_counter_read(LIVE_SNAPSHOTS)),
               LOG_NUMBER("live_routes", reload_counter_read(LIVE_ROUTES)),
               LOG_NUMBER("live_listeners", reload_counter_read(LIVE_LISTENERS)));
}

static void finish(struct reloader *reloader, bool succeeded)
{
    struct reload_result *result = &reloader->last;

    result->succeeded = succeeded;
    result->at = time(NULL);
    reload_counter_increase(succeeded ? RELOADS_SUCCEEDED : RELOADS_FAILED);
    if (succeeded) {
        log_success(&reloader->changes);
        reloader->parts.reloaded(reloader->parts.owner);
    } else {
        log_error("reload failed: the configuration stays as it was",
                  LOG_TEXT("file", reloader->parts.source->path));
    }
    heartbeat_reloaded(reloader->parts.heartbeat, result);
    reloader->runs = false;
    answer(&reloader->running, result);
    if (reloader->wanted) {
        event_active(reloader->begin, EV_TIMEOUT, 1);
    }
}

static void barrier_passed(struct mail *mail, void *receiver)
{
    (void)receiver;
    finish(container_of(mail, struct reloader, barrier.mail), true);
}

/* ---- its beginning ---- */

static void begin_run(evutil_socket_t fd, short what, void *argument)
{
    struct reloader *reloader = argument;
    const struct reloader_parts *parts = &reloader->parts;

    (void)fd;
    (void)what;
    if (!reloader->wanted || reloader->runs || reloader->stopped) {
        return;
    }
    reloader->wanted = false;
    reloader->runs = true;
    reloader->running = reloader->asked;
    reloader->asked = NULL;
    text_list_clear(&reloader->last.errors);
    notify_reloading();
    reloader->barrier =
        (struct worker_barrier){.mail.deliver = barrier_passed, .mailbox = parts->mailbox};
    if (!reload_begin(parts->source, parts->in_force, &parts->receivers, &reloader->barrier,
                      &reloader->changes, &reloader->last.errors)) {
        finish(reloader, false);
    }
}

static void append(struct request **requests, struct request *request)
{
    while (*requests != NULL) {
        requests = &(*requests)->next;
    }
    *requests = request;
}

bool reloader_ask(struct reloader *reloader, reload_done *done, void *owner)
{
    if (reloader->stopped) {
        return false;
    }
    if (done != NULL) {
        struct request *request = malloc(sizeof *request);

        if (request == NULL) {
            return false;
        }
        *request = (struct request){.done = done, .owner = owner};
        append(&reloader->asked, request);
    }
    reloader->wanted = true;
    event_active(reloader->begin, EV_TIMEOUT, 1);
    return true;
}

const struct reload_result *reloader_last(const struct reloader *reloader)
{
    return reloader->last.at != 0 ? &reloader->last : NULL;
}

/* ---- giving up ---- */

static void forget(struct request **requests, const void *owner)
{
    while (*requests != NULL) {
        struct request *request = *requests;

        if (request->owner == owner) {
            *requests = request->next;
            free(request);
        } else {
            requests = &request->next;
        }
    }
}

void reloader_forget(struct reloader *reloader, const void *owner)
{
    forget(&reloader->asked, owner);
    forget(&reloader->running, owner);
}

void reloader_stop(struct reloader *reloader)
{
    static const char reason[] = "the daemon is stopping";
    struct reload_result refused = {.at = time(NULL)};

    reloader->stopped = true;
    text_list_add(&refused.errors, reason, strlen(reason));
    answer(&reloader->asked, &refused);
    text_list_clear(&refused.errors);
}

/* ---- making and freeing ---- */

struct reloader *reloader_create(const struct reloader_parts *parts)
{
    struct reloader *reloader = calloc(1, sizeof *reloader);

    if (reloader == NULL) {
        return NULL;
    }
    reloader->parts = *parts;
    reloader->begin = event_new(parts->base, -1, 0, begin_run, reloader);
    if (reloader->begin == NULL) {
        free(reloader);
        return NULL;
    }
    return reloader;
}

static void drop_requests(struct request *request)
{
    while (request != NULL) {
        struct request *next = request->next;

        free(request);
        request = next;
    }
}

void reloader_free(struct reloader *reloader)
{
    if (reloader != NULL) {
        drop_requests(reloader->asked);
        drop_requests(reloader->running);
        event_free(reloader->begin);
        text_list_clear(&reloader->last.errors);
        free(reloader);
    }
}

/*
 * Preparing, and then committing what can no longer fail. What was prepared is in a candidate until
 * it is either in force or dropped.
 */
#include "server/reload.h"

#include "base/log.h"
#include "config/errors.h"
#include "server/control.h"
#include "server/descriptor_store.h"
#include "server/descriptors.h"
#include "server/fixed_keys.h"

#include <stdlib.h>
#include <string.h>

struct candidate {
    struct in_force settings;
    struct snapshot_changes routes;
    struct log_change *log;
    struct acceptor_change *accepting; /* of the main thread's acceptor */
    struct worker_change **workers;
};

enum log_level config_source_level(const struct config_source *source, const struct config *config)
{
    return source->level_is_fixed ? source->level : config->log.level;
}

/* ---- reading ---- */

/* Errors of the file are listed as they are, without what the log has before them. */
static void list_error(struct text_list *list, const char *text)
{
    text_list_add(list, text, strlen(text));
}

static void log_config_messages(const struct config_errors *errors, struct text_list *list)
{
    for (size_t i = 0; i < errors->message_count; i++) {
        const struct config_message *message = &errors->messages[i];

        if (message->is_error) {
            log_error("cannot reload", LOG_TEXT("error", message->text));
            list_error(list, message->text);
        } else {
            log_warning("configuration", LOG_TEXT("warning", message->text));
        }
    }
    if (errors->error_count > CONFIG_ERRORS_MAX) {
        log_error("cannot reload: there are more errors",
                  LOG_NUMBER("more", errors->error_count - CONFIG_ERRORS_MAX));
        list_error(list, "there are more errors");
    }
}

static struct config *load(const struct config_source *source, const struct config *in_force,
                           struct text_list *list)
{
    struct config_errors errors;
    struct config *config;

    config_errors_init(&errors, source->path);
    config = config_load(source->path, source->handlers, fixed_keys_check, in_force, &errors);
    log_config_messages(&errors, list);
    config_errors_free(&errors);
    return config;
}

/* ---- preparing ---- */

static bool out_of_memory(void)
{
    log_error("cannot reload", LOG_TEXT("error", "memory is short"));
    return false;
}

static bool prepare_log(struct candidate *candidate, const struct config_source *source)
{
    const struct log_config *log = &candidate->settings.config->log;
    enum log_level level = config_source_level(source, candidate->settings.config);
    int error = log_prepare(level, log->format, log->target, log->path, &candidate->log);

    if (error != 0) {
        log_error("cannot open the log file", LOG_TEXT("path", log->path),
                  LOG_TEXT("error", strerror(error)));
    }
    return error == 0;
}

/* What the threads will need. */
static bool prepare_threads(struct candidate *candidate, const struct reload_receivers *receivers,
                            bool closes)
{
    struct in_force *settings = &candidate->settings;

    if (receivers->acceptor != NULL) {
        candidate->accepting = acceptor_prepare(receivers->acceptor, &settings->listeners);
        if (candidate->accepting == NULL) {
            return out_of_memory();
        }
    }
    candidate->workers = calloc(receivers->worker_count, sizeof(struct worker_change *));
    for (unsigned i = 0; candidate->workers != NULL && i < receivers->worker_count; i++) {
        candidate->workers[i] =
            worker_prepare(receivers->workers[i], settings->snapshot, &settings->listeners, closes);
        if (candidate->workers[i] == NULL) {
            return out_of_memory();
        }
    }
    return candidate->workers != NULL || out_of_memory();
}

/* Everything that can fail once the file is read. What does not depend on an earlier failure is
 * tried all the same, so that all errors are said at once. */
static bool prepare_rest(struct candidate *candidate, const struct config_source *source,
                         const struct in_force *in_force, const struct reload_receivers *receivers)
{
    struct in_force *settings = &candidate->settings;
    bool good;

    good = prepare_log(candidate, source);
    good = receivers->companion_kind->begin_reload(*receivers->companion) == 0 && good;
    good = listener_set_open(&settings->listeners, settings->config, &in_force->listeners) == 0 &&
           good;
    if (!good) {
        return false;
    }
    settings->snapshot = snapshot_create(settings->config, in_force->snapshot, &candidate->routes);
    if (settings->snapshot == NULL) {
        return out_of_memory();
    }
    return prepare_threads(candidate, receivers, true) &&
           listener_set_change_access(&settings->listeners, settings->config) == 0;
}

static void list_tapped(void *owner, const char *text, size_t length)
{
    text_list_add(owner, text, length);
}

static bool prepare(struct candidate *candidate, const struct config_source *source,
                    const struct in_force *in_force, const struct reload_receivers *receivers,
                    struct text_list *errors)
{
    bool good;

    candidate->settings.config = load(source, in_force->config, errors);
    if (candidate->settings.config == NULL) {
        return false;
    }
    log_tap_errors(list_tapped, errors);
    good = prepare_rest(candidate, source, in_force, receivers);
    log_tap_errors(NULL, NULL);
    return good;
}

static void release(struct in_force *settings)
{
    listener_set_free(&settings->listeners);
    snapshot_release(settings->snapshot);
    config_free(settings->config);
}

static void drop(struct candidate *candidate, const struct reload_receivers *receivers)
{
    acceptor_discard(candidate->accepting);
    for (unsigned i = 0; candidate->workers != NULL && i < receivers->worker_count; i++) {
        worker_discard(candidate->workers[i]);
    }
    free(candidate->workers);
    log_discard(candidate->log);
    release(&candidate->settings);
}

/* ---- committing ---- */

static void change_admission(struct admission *admission, const struct limits_config *old,
                             const struct limits_config *new)
{
    if (new->connections != old->connections) {
        admission->max_connections =
            descriptors_for_connections(new->connections, atomic_load(&admission->connections));
    }
    admission->max_pending = new->pending;
}

/* The threads go over; what they had is freed by the last of them. */
static void commit_threads(struct candidate *candidate, const struct reload_receivers *receivers,
                           struct worker_barrier *barrier)
{
    if (barrier != NULL) {
        atomic_store(&barrier->left, receivers->worker_count);
    }
    if (receivers->acceptor != NULL) {
        acceptor_apply(receivers->acceptor, candidate->accepting);
    }
    for (unsigned i = 0; i < receivers->worker_count; i++) {
        worker_commit(receivers->workers[i], candidate->workers[i], barrier);
    }
    free(candidate->workers);
}

/* Before the threads go over, because they close what is dropped. */
static void change_store(const struct listener_set *previous, const struct listener_set *set)
{
    for (size_t i = 0; i < previous->count; i++) {
        if (!listener_set_has(set, previous->sockets[i].bound)) {
            descriptor_store_remove(previous->sockets[i].bound);
        }
    }
    for (size_t i = 0; i < set->count; i++) {
        if (!set->sockets[i].kept) {
            descriptor_store_add(set->sockets[i].bound);
        }
    }
}

static size_t count_kept(const struct listener_set *set)
{
    size_t kept = 0;

    for (size_t i = 0; i < set->count; i++) {
        kept += set->sockets[i].kept;
    }
    return kept;
}

static void count_changes(struct reload_changes *changes, const struct candidate *candidate,
                          const struct listener_set *previous)
{
    const struct listener_set *set = &candidate->settings.listeners;
    size_t kept = count_kept(set);

    *changes = (struct reload_changes){.listeners_kept = kept,
                                       .listeners_added = set->count - kept,
                                       .listeners_dropped = previous->count - kept,
                                       .routes = candidate->routes};
}

void reload_log_listening(const struct listener_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct listening *listening = &set->sockets[i];
        char address[ADDRESS_TEXT_BYTES];

        if (!listening->kept) {
            address_format(&listening->bound->address, address);
            log_notice("listening", LOG_TEXT("listener", listening->listener->name),
                       LOG_TEXT("address", address),
                       LOG_TEXT("tls", listening->listener->tls != NULL ? "yes" : "no"));
        }
    }
}

static void commit(struct candidate *candidate, struct in_force *in_force,
                   const struct reload_receivers *receivers, struct worker_barrier *barrier)
{
    struct in_force previous = *in_force;

    log_apply(candidate->log);
    change_admission(receivers->admission, &previous.snapshot->limits,
                     &candidate->settings.snapshot->limits);
    change_store(&previous.listeners, &candidate->settings.listeners);
    listener_set_inherit(&candidate->settings.listeners,
                         candidate->settings.snapshot->timeouts.send_ms);
    commit_threads(candidate, receivers, barrier);
    *in_force = candidate->settings;
    reload_log_listening(&in_force->listeners);
    release(&previous);
}

bool reload_begin(const struct config_source *source, struct in_force *in_force,
                  const struct reload_receivers *receivers, struct worker_barrier *barrier,
                  struct reload_changes *changes, struct text_list *errors)
{
    struct candidate candidate = {0};
    bool good = prepare(&candidate, source, in_force, receivers, errors);

    if (good) {
        count_changes(changes, &candidate, &in_force->listeners);
        commit(&candidate, in_force, receivers, barrier);
    } else {
        drop(&candidate, receivers);
    }
    receivers->companion_kind->end_reload(*receivers->companion, good);
    return good;
}

/* ---- certificates alone ---- */

bool reload_certificates(struct in_force *in_force, const struct reload_receivers *receivers,
                         size_t index)
{
    struct candidate candidate = {.settings.snapshot = snapshot_hold(in_force->snapshot)};
    struct listener_set previous = in_force->listeners;

    if (listener_set_renew(&candidate.settings.listeners, &previous, in_force->config, index) !=
            0 ||
        !prepare_threads(&candidate, receivers, false)) {
        drop(&candidate, receivers);
        return false;
    }
    commit_threads(&candidate, receivers, NULL);
    in_force->listeners = candidate.settings.listeners;
    listener_set_free(&previous);
    snapshot_release(candidate.settings.snapshot);
    return true;
}

/* ---- showing ---- */

bool reload_dump(const struct in_force *in_force, FILE *stream)
{
    const struct snapshot *snapshot = in_force->snapshot;
    struct config shown = *in_force->config;

    shown.routes = calloc(snapshot->route_count + 1, sizeof *shown.routes);
    if (shown.routes == NULL) {
        return false;
    }
    shown.route_count = snapshot->route_count;
    for (size_t i = 0; i < snapshot->route_count; i++) {
        shown.routes[i] = snapshot->routes[i]->config;
    }
    config_dump(&shown, stream);
    free(shown.routes);
    return true;
}

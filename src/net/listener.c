/*
 * Making and counting listeners.
 */
#include "net/listener.h"

#include "base/log.h"
#include "net/reload_counters.h"
#include "net/tls_files.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static void log_tls_line(void *argument, enum log_level level, const char *key, const char *line)
{
    const struct listener_config *config = argument;

    (void)key;
    if (level == LOG_LEVEL_ERROR) {
        log_error("cannot set TLS up", LOG_TEXT("listener", config->name), LOG_TEXT("error", line));
    } else {
        log_warning("certificate", LOG_TEXT("listener", config->name), LOG_TEXT("warning", line));
    }
}

static void free_parts(struct listener *listener)
{
    if (listener->accepted != NULL) {
        accept_count_release(listener->accepted);
    }
    tls_context_free(listener->tls);
    free(listener->name);
    free(listener);
}

static struct listener *allocate(const struct listener_config *config)
{
    struct listener *listener = calloc(1, sizeof *listener);

    if (listener == NULL) {
        return NULL;
    }
    listener->name = strdup(config->name);
    listener->accepted = accept_count_hold(config->name);
    if (listener->name == NULL || listener->accepted == NULL) {
        free_parts(listener);
        return NULL;
    }
    atomic_init(&listener->references, 1);
    reload_counter_increase(LIVE_LISTENERS);
    return listener;
}

/* Returns whether it went well. */
static bool start_tls(struct listener *listener, const struct listener_config *config,
                      const struct listener *previous)
{
    listener->files_mark = tls_files_mark(config->tls);
    listener->tls = tls_context_create(config->tls, log_tls_line, (void *)(uintptr_t)config);
    if (listener->tls == NULL) {
        return false;
    }
    if (previous == NULL || previous->tls == NULL ||
        tls_context_continue(listener->tls, previous->tls)) {
        return true;
    }
    log_error("cannot set TLS up", LOG_TEXT("listener", config->name),
              LOG_TEXT("error", strerror(ENOMEM)));
    return false;
}

struct listener *listener_create(const struct listener_config *config,
                                 const struct listener *previous)
{
    struct listener *listener = allocate(config);

    if (listener == NULL) {
        log_error("cannot listen", LOG_TEXT("listener", config->name),
                  LOG_TEXT("error", strerror(ENOMEM)));
        return NULL;
    }
    if (config->tls != NULL && !start_tls(listener, config, previous)) {
        listener_release(listener);
        return NULL;
    }
    return listener;
}

struct listener *listener_hold(struct listener *listener)
{
    atomic_fetch_add_explicit(&listener->references, 1, memory_order_relaxed);
    return listener;
}

void listener_release(struct listener *listener)
{
    if (listener == NULL ||
        atomic_fetch_sub_explicit(&listener->references, 1, memory_order_acq_rel) > 1) {
        return;
    }
    free_parts(listener);
    reload_counter_decrease(LIVE_LISTENERS);
}

struct listener *listener_enter(struct listener *listener)
{
    accept_count_enter(listener->accepted);
    return listener_hold(listener);
}

void listener_leave(struct listener *listener)
{
    accept_count_leave(listener->accepted);
    listener_release(listener);
}

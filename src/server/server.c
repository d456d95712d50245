/*
 * Start, signals, stop. The order of the start matters: sockets and keys are opened before the
 * user changes, threads begin after that, and nothing is accepted before all of it has worked.
 */
#include "server/server.h"

#include "base/clock.h"
#include "base/list.h"
#include "base/log.h"
#include "net/inherited.h"
#include "net/listener_set.h"
#include "net/snapshot.h"
#include "server/certificate_watch.h"
#include "server/cpus.h"
#include "server/descriptor_store.h"
#include "server/descriptors.h"
#include "server/distributor.h"
#include "server/heartbeat.h"
#include "server/notify.h"
#include "server/pid_file.h"
#include "server/privileges.h"
#include "server/reload.h"
#include "server/reloader.h"
#include "server/signal_feed.h"
#include "server/statistics.h"
#include "server/worker.h"

#include <errno.h>
#include <event2/event.h>
#include <pthread.h>
#include <signal.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* How a worker's thread reports its end. */
struct worker_end {
    struct mail mail;
    struct server *server;
    bool ended; /* main thread */
};

/* In the order in which they may follow each other; any may be passed over. */
enum stop_stage {
    STOP_NOT_ASKED,
    STOP_DRAINING, /* connections leave within timeouts.drain */
    STOP_HURRIED,  /* those that are left, within HURRIED_DRAIN_MS */
    STOP_GRACEFUL, /* all have been told at once */
    STOP_AT_ONCE
};

enum { HURRIED_DRAIN_MS = 1000 };

struct server {
    const struct config_source *source;
    struct in_force in_force;
    struct event_base *base;
    struct admission admission;
    struct relay *relay;
    struct worker **workers;
    unsigned worker_count;
    struct distributor *distributor; /* with several workers */
    struct certificate_watch *certificate_watch;
    struct reloader *reloader;
    struct signal_feed *signals;
    struct mailbox mailbox; /* where workers report their end */
    struct event *mail_event;
    struct worker_end *ends; /* one for each worker */
    unsigned workers_running;
    enum stop_stage stop_stage;
    struct heartbeat *heartbeat;
    struct server_control control;
    const struct server_companion *companion_kind;
    void *companion;
};

/* ---- stopping ---- */

/* When the last of those that were asked to leave by `end_ms` has had time to do so. */
static int64_t after_goodbye(const struct server *server, int64_t end_ms)
{
    return end_ms + server->in_force.config->timeouts.close_ms +
           server->in_force.config->timeouts.linger_ms;
}

static void order_all(struct server *server, enum worker_order order,
                      const struct departure *departure, int64_t end_ms)
{
    certificate_watch_free(server->certificate_watch);
    server->certificate_watch = NULL;
    distributor_free(server->distributor);
    server->distributor = NULL;
    for (unsigned i = 0; i < server->worker_count; i++) {
        worker_order(server->workers[i], order, departure, end_ms);
    }
}

static void stop_gracefully(struct server *server)
{
    int64_t drain_ms = server->in_force.config->timeouts.drain_ms;

    log_notice("stopping", LOG_NUMBER("drain_ms", drain_ms));
    order_all(server, WORKER_STOP, &(struct departure){0}, clock_monotonic_ms() + drain_ms);
}

static void stop_at_once(struct server *server)
{
    log_notice("stopping at once");
    order_all(server, WORKER_STOP_NOW, &(struct departure){0}, 0);
}

/* Has the connections depart within the next `span_ms`. */
static void order_departure(struct server *server, enum worker_order order, int64_t span_ms)
{
    int64_t now_ms = clock_monotonic_ms();
    struct departure departure = {.start_ms = now_ms,
                                  .span_ms = span_ms,
                                  .seed = (uint32_t)now_ms,
                                  .code = CLOSE_RESTART,
                                  .reason = "the server restarts, please reconnect"};

    order_all(server, order, &departure, after_goodbye(server, now_ms + span_ms));
}

static void begin_drain(evutil_socket_t fd, short what, void *argument)
{
    struct server *server = argument;

    (void)fd;
    (void)what;
    if (server->stop_stage == STOP_DRAINING) {
        order_departure(server, WORKER_DRAIN, server->in_force.config->timeouts.drain_ms);
    }
}

/* Who looks at the readiness sees the end coming before the listeners are closed. */
static void drain(struct server *server)
{
    int64_t delay_ms = server->in_force.config->timeouts.drain_delay_ms;
    struct timeval delay = {.tv_sec = delay_ms / 1000, .tv_usec = delay_ms % 1000 * 1000};

    log_notice("draining", LOG_NUMBER("delay_ms", delay_ms),
               LOG_NUMBER("drain_ms", server->in_force.config->timeouts.drain_ms));
    if (event_base_once(server->base, -1, EV_TIMEOUT, begin_drain, server, &delay) != 0) {
        begin_drain(-1, 0, server);
    }
}

static void drain_faster(struct server *server)
{
    log_notice("draining faster", LOG_NUMBER("drain_ms", HURRIED_DRAIN_MS));
    order_departure(server, WORKER_HURRY, HURRIED_DRAIN_MS);
}

static void (*const stop_stages[])(struct server *server) = {
    [STOP_DRAINING] = drain,
    [STOP_HURRIED] = drain_faster,
    [STOP_GRACEFUL] = stop_gracefully,
    [STOP_AT_ONCE] = stop_at_once,
};

/* Stages are not gone back to. */
static void go_to_stage(struct server *server, enum stop_stage stage)
{
    if (stage > server->stop_stage) {
        if (server->stop_stage == STOP_NOT_ASKED) {
            heartbeat_stop(server->heartbeat);
            reloader_stop(server->reloader);
        }
        server->stop_stage = stage;
        stop_stages[stage](server);
    }
}

static void stop_signal(struct server *server)
{
    go_to_stage(server, server->stop_stage < STOP_GRACEFUL ? STOP_GRACEFUL : STOP_AT_ONCE);
}

static void drain_signal(struct server *server)
{
    go_to_stage(server, server->stop_stage < STOP_DRAINING ? STOP_DRAINING : STOP_HURRIED);
}

/* Runs on a worker's thread. */
static void worker_ended(void *owner)
{
    struct worker_end *end = owner;

    mailbox_post(&end->server->mailbox, &end->mail);
}

static void end_delivered(struct mail *mail, void *receiver)
{
    struct server *server = receiver;
    struct worker_end *end = container_of(mail, struct worker_end, mail);

    end->ended = true;
    worker_join(server->workers[end - server->ends]); /* who has asked it hears of it now */
    server->workers_running--;
    if (server->workers_running == 0) {
        (void)event_base_loopbreak(server->base);
    }
}

static void mail_ready(evutil_socket_t fd, short what, void *argument)
{
    struct server *server = argument;

    (void)fd;
    (void)what;
    mailbox_drain(&server->mailbox, server);
}

/* ---- signals ---- */

static void reopen_logs(struct server *server)
{
    (void)server;
    log_reopen();
}

static struct reload_receivers receivers_of(struct server *server)
{
    return (struct reload_receivers){.workers = server->workers,
                                     .worker_count = server->worker_count,
                                     .acceptor = distributor_acceptor(server->distributor),
                                     .admission = &server->admission,
                                     .companion_kind = server->companion_kind,
                                     .companion = &server->companion};
}

static void watch_certificates(void *owner)
{
    struct server *server = owner;

    if (server->certificate_watch != NULL) {
        certificate_watch_start(server->certificate_watch, server->in_force.config,
                                &server->in_force.listeners);
    }
}

static bool renew_certificates(void *owner, size_t index)
{
    struct server *server = owner;
    const struct reload_receivers receivers = receivers_of(server);

    return reload_certificates(&server->in_force, &receivers, index);
}

static void note_certificates(void *owner, const struct listener *unusable)
{
    const struct server *server = owner;

    heartbeat_note_certificates(server->heartbeat, unusable);
}

static void reload(struct server *server)
{
    if (!reloader_ask(server->reloader, NULL, NULL)) {
        log_warning("SIGHUP is ignored: the daemon is stopping");
    }
}

static const struct {
    int number;
    const char *ending; /* the name of one that ends the service, which the log says; or NULL */
    void (*act)(struct server *server);
} signal_actions[] = {
    {SIGTERM, "SIGTERM", stop_signal},  {SIGINT, "SIGINT", stop_signal},
    {SIGUSR1, NULL, reopen_logs},       {SIGHUP, NULL, reload},
    {SIGUSR2, "SIGUSR2", drain_signal},
};

enum { SIGNAL_COUNT = sizeof signal_actions / sizeof signal_actions[0] };

static void signal_came(void *owner, int number, pid_t sender)
{
    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        if (signal_actions[i].number != number) {
            continue;
        }
        if (signal_actions[i].ending != NULL) {
            log_notice("told to end", LOG_TEXT("signal", signal_actions[i].ending),
                       LOG_NUMBER("sender", sender));
        }
        signal_actions[i].act(owner);
    }
}

static bool watch_signals(struct server *server)
{
    int numbers[SIGNAL_COUNT];

    for (size_t i = 0; i < SIGNAL_COUNT; i++) {
        numbers[i] = signal_actions[i].number;
    }
    (void)signal(SIGPIPE, SIG_IGN);
    server->signals = signal_feed_create(server->base, numbers, SIGNAL_COUNT, signal_came, server);
    return server->signals != NULL;
}

/* ---- what others on the main thread see of it ---- */

static enum server_state state(const struct server *server)
{
    if (server->stop_stage == STOP_NOT_ASKED) {
        return SERVER_SERVING;
    }
    return server->stop_stage < STOP_GRACEFUL ? SERVER_DRAINING : SERVER_STOPPING;
}

static void begin_draining(struct server *server)
{
    go_to_stage(server, STOP_DRAINING);
}

static bool worker_runs(const struct server *server, unsigned index)
{
    return !server->ends[index].ended;
}

static int open_companion(struct server *server)
{
    server->control = (struct server_control){
        .server = server,
        .base = server->base,
        .mailbox = &server->mailbox,
        .workers = server->workers,
        .worker_count = server->worker_count,
        .in_force = &server->in_force,
        .reloader = server->reloader,
        .admission = &server->admission,
        .relay = server->relay,
        .started_ms = clock_monotonic_ms(),
        .started_unix_ms = clock_unix_ms(),
        .state = state,
        .drain = begin_draining,
        .worker_runs = worker_runs,
    };
    return server->companion_kind->open(&server->control, &server->companion);
}

/* ---- starting ---- */

/* What is wrong has been logged. */
static int fail_start(int error, const char *status)
{
    notify_failed(error, status);
    return -1;
}

static int out_of_memory(void)
{
    log_error("not enough memory or descriptors to start");
    return fail_start(ENOMEM, "not enough memory or descriptors to start");
}

static bool create_workers(struct server *server, relay_deliver *deliver)
{
    server->workers = calloc(server->worker_count, sizeof(struct worker *));
    server->ends = calloc(server->worker_count, sizeof *server->ends);
    server->relay = relay_create(server->worker_count, deliver);
    if (server->workers == NULL || server->ends == NULL || server->relay == NULL) {
        return false;
    }
    for (unsigned i = 0; i < server->worker_count; i++) {
        server->ends[i] = (struct worker_end){.mail.deliver = end_delivered, .server = server};
        server->workers[i] = worker_create(server->in_force.snapshot, server->relay,
                                           &server->admission, i, worker_ended, &server->ends[i]);
        if (server->workers[i] == NULL) {
            return false;
        }
    }
    return true;
}

static bool start_accepting(struct server *server)
{
    if (server->worker_count == 1) {
        return worker_accept(server->workers[0], &server->in_force.listeners);
    }
    server->distributor =
        distributor_create(server->base, &server->in_force.listeners, &server->admission,
                           server->workers, server->worker_count);
    return server->distributor != NULL;
}

static bool create_main_loop(struct server *server)
{
    server->base = event_base_new();
    if (server->base == NULL || mailbox_init(&server->mailbox) != 0) {
        return false;
    }
    server->mail_event =
        event_new(server->base, server->mailbox.wake_fd, EV_READ | EV_PERSIST, mail_ready, server);
    server->certificate_watch =
        certificate_watch_create(server->base, renew_certificates, note_certificates, server);
    return server->mail_event != NULL && event_add(server->mail_event, NULL) == 0 &&
           server->certificate_watch != NULL && watch_signals(server);
}

/* Signals are for the main thread: the others are started with all of them blocked. */
static int start_threads(struct server *server)
{
    sigset_t all;
    sigset_t before;
    int error = 0;

    sigfillset(&all);
    pthread_sigmask(SIG_SETMASK, &all, &before);
    error = log_start();
    for (unsigned i = 0; error == 0 && i < server->worker_count; i++) {
        error = worker_start(server->workers[i]);
        server->workers_running += error == 0;
    }
    pthread_sigmask(SIG_SETMASK, &before, NULL);
    if (error != 0) {
        log_error("cannot start a thread", LOG_TEXT("error", strerror(error)));
        return fail_start(error, "cannot start a thread");
    }
    return 0;
}

static bool create_heartbeat(struct server *server)
{
    server->heartbeat = heartbeat_create(server->base, server->workers, server->worker_count);
    return server->heartbeat != NULL;
}

static bool create_reloader(struct server *server)
{
    const struct reloader_parts parts = {.base = server->base,
                                         .mailbox = &server->mailbox,
                                         .source = server->source,
                                         .in_force = &server->in_force,
                                         .receivers = receivers_of(server),
                                         .heartbeat = server->heartbeat,
                                         .reloaded = watch_certificates,
                                         .owner = server};

    server->reloader = reloader_create(&parts);
    return server->reloader != NULL;
}

static int prepare(struct server *server, relay_deliver *deliver)
{
    struct snapshot_changes changes;

    descriptors_raise_limit();
    if (inherited_collect() != 0) {
        return fail_start(EBADF, "cannot take the sockets that were passed: the log says why");
    }
    if (listener_set_open(&server->in_force.listeners, server->in_force.config, NULL) != 0) {
        return fail_start(EADDRNOTAVAIL, "cannot listen: the log says where, and why");
    }
    listener_set_inherit(&server->in_force.listeners, server->in_force.config->timeouts.send_ms);
    descriptor_store_begin(&server->in_force.listeners);
    server->in_force.snapshot = snapshot_create(server->in_force.config, NULL, &changes);
    if (server->in_force.snapshot == NULL || !create_main_loop(server) ||
        !create_workers(server, deliver) || !start_accepting(server) || !create_heartbeat(server) ||
        !create_reloader(server)) {
        return out_of_memory();
    }
    if (open_companion(server) != 0) {
        return fail_start(EADDRNOTAVAIL, "cannot open the admin listener: the log says why");
    }
    inherited_close_unused();
    server->admission.max_connections =
        descriptors_for_connections(server->in_force.config->limits.connections, 0);
    server->admission.max_pending = server->in_force.config->limits.pending;
    if (pid_file_write(server->in_force.config->pid_file) != 0) {
        return fail_start(errno, "cannot write pid_file: the log says why");
    }
    if (privileges_drop(server->in_force.config) != 0) {
        pid_file_remove(server->in_force.config->pid_file);
        return fail_start(EPERM, "cannot change the user: the log says why");
    }
    return 0;
}

static void join_workers(struct server *server)
{
    for (unsigned i = 0; server->workers != NULL && i < server->worker_count; i++) {
        if (server->workers[i] != NULL) {
            worker_join(server->workers[i]);
        }
    }
}

/* Who has asked the workers still looks at them when the answer comes back: they go last. */
static void release(struct server *server)
{
    heartbeat_free(server->heartbeat);
    distributor_free(server->distributor);
    join_workers(server);
    if (server->mailbox.wake_fd >= 0) {
        mailbox_drain(&server->mailbox, server); /* what workers were asked comes back */
    }
    server->companion_kind->close(server->companion);
    for (unsigned i = 0; server->workers != NULL && i < server->worker_count; i++) {
        worker_free(server->workers[i]);
    }
    reloader_free(server->reloader);
    listener_set_free(&server->in_force.listeners);
    inherited_free();
    snapshot_release(server->in_force.snapshot);
    config_free(server->in_force.config);
    relay_free(server->relay);
    signal_feed_free(server->signals);
    certificate_watch_free(server->certificate_watch);
    if (server->mail_event != NULL) {
        event_free(server->mail_event);
    }
    if (server->mailbox.wake_fd >= 0) {
        mailbox_destroy(&server->mailbox);
    }
    if (server->base != NULL) {
        event_base_free(server->base);
    }
    free(server->workers);
    free(server->ends);
}

static int serve(struct server *server)
{
    if (start_threads(server) != 0) {
        order_all(server, WORKER_STOP, &(struct departure){0}, clock_monotonic_ms());
        return -1;
    }
    reload_log_listening(&server->in_force.listeners);
    watch_certificates(server);
    log_notice("started", LOG_TEXT("version", WSRELAYD_VERSION),
               LOG_NUMBER("workers", server->worker_count));
    heartbeat_begin(server->heartbeat);
    if (event_base_dispatch(server->base) < 0) {
        log_error("the event loop of the main thread has failed: the process ends");
        log_stop();
        _exit(EXIT_FAILURE);
    }
    statistics_log(server->workers, server->worker_count, atomic_load(&server->admission.denied));
    return 0;
}

int server_run(const struct config_source *source, struct config *config, relay_deliver *deliver,
               const struct server_companion *companion)
{
    struct server server = {.source = source,
                            .in_force.config = config,
                            .companion_kind = companion,
                            .mailbox.wake_fd = -1,
                            .worker_count =
                                config->workers > 0 ? config->workers : cpus_available()};
    int result = prepare(&server, deliver);

    if (result == 0) {
        result = serve(&server);
        pid_file_remove(server.in_force.config->pid_file);
    }
    release(&server);
    log_stop();
    return result;
}

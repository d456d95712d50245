/*
 * /metrics: what the workers have counted, and what the main thread sees by itself.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "admin/exposition.h"
#include "admin/figures.h"
#include "admin/process.h"
#include "net/listener_set.h"
#include "net/reload_counters.h"
#include "net/tls.h"

#include <openssl/crypto.h>
#include <stdlib.h>
#include <string.h>

/* What the functions below write from. */
struct scrape {
    struct exposition out;
    const struct server_control *control;
    const struct survey *survey;
    const struct figures *sum;
};

enum { MAIN_LABEL_BYTES = 16 };

static uint64_t counted(const struct scrape *scrape, enum counter counter)
{
    return scrape->sum->counters[counter];
}

static void write_labelled(struct scrape *scrape, const char *label, const char *value,
                           uint64_t number)
{
    exposition_number(&scrape->out, (const struct label[]){{label, value}, {NULL, NULL}}, number);
}

/* ---- the process ---- */

static void write_build(struct scrape *scrape)
{
    const struct label labels[] = {{"version", WSRELAYD_VERSION},
                                   {"libevent", event_get_version()},
                                   {"openssl", OpenSSL_version(OPENSSL_VERSION_STRING)},
                                   {NULL, NULL}};

    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_build_info",
                      "Versions of the daemon and of its libraries.");
    exposition_number(&scrape->out, labels, 1);
}

static void write_process(struct scrape *scrape)
{
    struct exposition *out = &scrape->out;
    double started = (double)scrape->control->started_unix_ms / 1000;
    struct process process;

    process_look(&process);
    exposition_family(out, METRIC_GAUGE, "wsrelayd_start_time_seconds",
                      "When the daemon started, in seconds since 1970.");
    exposition_seconds(out, NULL, started);
    exposition_family(out, METRIC_GAUGE, "process_start_time_seconds",
                      "When the process started, in seconds since 1970.");
    exposition_seconds(out, NULL, started);
    exposition_family(out, METRIC_COUNTER, "process_cpu_seconds",
                      "User and system time of the process.");
    exposition_seconds(out, NULL, process.cpu_seconds);
    exposition_family(out, METRIC_GAUGE, "process_resident_memory_bytes",
                      "Memory of the process that is in RAM.");
    exposition_number(out, NULL, process.resident_bytes);
    exposition_family(out, METRIC_GAUGE, "process_open_fds", "Open file descriptors.");
    exposition_number(out, NULL, process.open_files);
    exposition_family(out, METRIC_GAUGE, "process_max_fds", "How many may be open.");
    exposition_number(out, NULL, process.open_files_limit);
}

/* ---- connections ---- */

static void write_states(struct scrape *scrape)
{
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_connections",
                      "Connections that are there, by what they are at.");
    for (int i = 0; i < CONN_DEAD; i++) {
        write_labelled(scrape, "state", conn_state_name((enum conn_state)i),
                       scrape->sum->states[i]);
    }
}

static bool is_in_force(const struct scrape *scrape, const char *name)
{
    const struct listener_set *set = &scrape->control->in_force->listeners;

    for (size_t i = 0; i < set->listener_count; i++) {
        if (strcmp(set->listeners[i]->name, name) == 0) {
            return true;
        }
    }
    return false;
}

/* A counter must not fall: listeners that a reload has removed are still there if they have counted
 * something. Those of a configuration that was refused never were. */
static void write_of_listener(struct scrape *scrape, const char *name, uint64_t number)
{
    if (number > 0 || is_in_force(scrape, name)) {
        write_labelled(scrape, "listener", name, number);
    }
}

static void write_accepted_of(void *argument, const char *name, const struct accept_count *count)
{
    write_of_listener(argument, name, accept_count_read(count));
}

static void write_present_of(void *argument, const char *name, const struct accept_count *count)
{
    write_of_listener(argument, name, accept_count_present(count));
}

static void write_listeners(struct scrape *scrape)
{
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_listener_connections",
                      "Connections of each listener.");
    accept_count_visit(write_present_of, scrape);
    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_connections_accepted",
                      "Connections accepted, those closed for a limit included.");
    accept_count_visit(write_accepted_of, scrape);
    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_connections_denied",
                      "Connections closed unread because there were far too many.");
    exposition_number(&scrape->out, NULL, atomic_load(&scrape->control->admission->denied));
}

static void write_handshakes(struct scrape *scrape)
{
    uint64_t over_limit = counted(scrape, COUNTER_OVER_LIMIT);
    uint64_t too_large = counted(scrape, COUNTER_HEAD_TOO_LARGE);

    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_handshakes",
                      "WebSocket handshakes, by how they ended.");
    write_labelled(scrape, "result", "accepted", counted(scrape, COUNTER_UPGRADES));
    write_labelled(scrape, "result", "refused",
                   counted(scrape, COUNTER_REFUSALS) - over_limit - too_large);
    write_labelled(scrape, "result", "timeout", counted(scrape, COUNTER_HANDSHAKE_TIMEOUTS));
    write_labelled(scrape, "result", "over_limit", over_limit);
    write_labelled(scrape, "result", "head_too_large", too_large);
    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_pages",
                      "Answers to plain requests: the page, .http and .sse.");
    exposition_number(&scrape->out, NULL, counted(scrape, COUNTER_PAGES));
}

static void write_workers(struct scrape *scrape)
{
    char name[MAIN_LABEL_BYTES];

    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_worker_connections",
                      "Connections of each worker.");
    for (unsigned i = 0; i < scrape->control->worker_count; i++) {
        snprintf(name, sizeof name, "%u", i);
        write_labelled(scrape, "worker", name,
                       worker_connection_count(scrape->control->workers[i]));
    }
    exposition_family(&scrape->out, METRIC_HISTOGRAM, "wsrelayd_turn_seconds",
                      "How long a turn of a worker's loop took, waiting not included.");
    for (unsigned i = 0; i < scrape->control->worker_count; i++) {
        const struct figures *figures = survey_part(scrape->survey, i);

        snprintf(name, sizeof name, "%u", i);
        exposition_durations(&scrape->out, (const struct label[]){{"worker", name}, {NULL, NULL}},
                             &figures->tally.turns, &turn_bounds);
    }
}

/* A code is shown once it has occurred: most never do. */
static void write_closes(struct scrape *scrape)
{
    static const char *const sides[] = {"server", "client"};

    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_closes",
                      "Ends of open connections, by close code and by who ended them.");
    for (size_t side = 0; side < 2; side++) {
        for (size_t i = 0; i < CLOSE_CLASSES; i++) {
            const struct label labels[] = {
                {"code", close_class_names[i]}, {"side", sides[side]}, {NULL, NULL}};

            if (scrape->sum->tally.closes[side][i] > 0) {
                exposition_number(&scrape->out, labels, scrape->sum->tally.closes[side][i]);
            }
        }
    }
}

/* ---- routes ---- */

static uint64_t messages_in(const struct route_figures *route)
{
    return route->traffic.messages_in;
}

static uint64_t messages_out(const struct route_figures *route)
{
    return route->traffic.messages_out;
}

static uint64_t bytes_in(const struct route_figures *route)
{
    return route->traffic.bytes_in;
}

static uint64_t bytes_out(const struct route_figures *route)
{
    return route->traffic.bytes_out;
}

static uint64_t frames_in(const struct route_figures *route)
{
    return route->traffic.messages_in + route->further.in;
}

static uint64_t frames_out(const struct route_figures *route)
{
    return route->traffic.messages_out + route->further.out;
}

static uint64_t open_connections(const struct route_figures *route)
{
    return route->connections;
}

static const struct {
    enum metric_type type;
    const char *name;
    const char *help;
    uint64_t (*value)(const struct route_figures *route);
} route_metrics[] = {
    {METRIC_GAUGE, "wsrelayd_route_connections", "Open connections of each route.",
     open_connections},
    {METRIC_COUNTER, "wsrelayd_messages_received", "Messages received.", messages_in},
    {METRIC_COUNTER, "wsrelayd_messages_sent", "Messages sent.", messages_out},
    {METRIC_COUNTER, "wsrelayd_message_bytes_received", "Payload of the messages received.",
     bytes_in},
    {METRIC_COUNTER, "wsrelayd_message_bytes_sent", "Payload of the messages sent.", bytes_out},
    {METRIC_COUNTER, "wsrelayd_frames_received", "Frames received, control frames included.",
     frames_in},
    {METRIC_COUNTER, "wsrelayd_frames_sent", "Frames sent, control frames included.", frames_out},
};

static void write_routes(struct scrape *scrape)
{
    for (size_t i = 0; i < sizeof route_metrics / sizeof route_metrics[0]; i++) {
        exposition_family(&scrape->out, route_metrics[i].type, route_metrics[i].name,
                          route_metrics[i].help);
        for (size_t j = 0; j < scrape->sum->route_count; j++) {
            const struct route_figures *route = &scrape->sum->routes[j];
            const struct label labels[] = {
                {"route", route->name}, {"handler", route->handler}, {NULL, NULL}};

            exposition_number(&scrape->out, labels, route_metrics[i].value(route));
        }
    }
}

/* ---- single counters ---- */

static const struct {
    enum counter counter;
    const char *name;
    const char *help;
} counter_metrics[] = {
    {COUNTER_PUBLICATIONS, "wsrelayd_publications", "Messages published into rooms."},
    {COUNTER_DELIVERIES, "wsrelayd_deliveries", "Members that publications were for."},
    {COUNTER_SLOW_READERS, "wsrelayd_slow_readers_closed",
     "Connections closed because their queue was full."},
    {COUNTER_PINGS, "wsrelayd_pings", "Pings sent."},
    {COUNTER_PING_TIMEOUTS, "wsrelayd_ping_timeouts",
     "Connections ended because they did not answer a Ping."},
    {COUNTER_TLS_FAILURES, "wsrelayd_tls_handshake_failures", "TLS handshakes that failed."},
};

static void write_counters(struct scrape *scrape)
{
    for (size_t i = 0; i < sizeof counter_metrics / sizeof counter_metrics[0]; i++) {
        exposition_family(&scrape->out, METRIC_COUNTER, counter_metrics[i].name,
                          counter_metrics[i].help);
        exposition_number(&scrape->out, NULL, counted(scrape, counter_metrics[i].counter));
    }
}

static void write_drops(struct scrape *scrape)
{
    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_drops",
                      "Deliveries that did not reach their member, by cause.");
    write_labelled(scrape, "cause", "queue_full", counted(scrape, COUNTER_DROPS_QUEUE_FULL));
    write_labelled(scrape, "cause", "closing", counted(scrape, COUNTER_DROPS_CLOSING));
}

static void write_gauges(struct scrape *scrape)
{
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_queue_bytes",
                      "What waits for all those who read slowly.");
    exposition_number(&scrape->out, NULL, scrape->sum->queue_bytes);
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_rooms", "Rooms that exist.");
    exposition_number(&scrape->out, NULL, relay_room_count(scrape->control->relay));
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_room_members", "Connections in rooms.");
    exposition_number(&scrape->out, NULL, relay_member_count(scrape->control->relay));
    exposition_family(&scrape->out, METRIC_HISTOGRAM, "wsrelayd_ping_round_trip_seconds",
                      "From a Ping to the peer's next sign of life.");
    exposition_durations(&scrape->out, NULL, &scrape->sum->tally.round_trips, &round_trip_bounds);
}

/* ---- TLS ---- */

static void write_tls_handshakes(struct scrape *scrape)
{
    static const struct {
        enum counter counter;
        const char *version;
        const char *resumed;
    } kinds[] = {
        {COUNTER_TLS_1_2, "1.2", "false"},
        {COUNTER_TLS_1_2_RESUMED, "1.2", "true"},
        {COUNTER_TLS_1_3, "1.3", "false"},
        {COUNTER_TLS_1_3_RESUMED, "1.3", "true"},
    };

    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_tls_handshakes",
                      "TLS handshakes that were done.");
    for (size_t i = 0; i < sizeof kinds / sizeof kinds[0]; i++) {
        const struct label labels[] = {
            {"version", kinds[i].version}, {"resumed", kinds[i].resumed}, {NULL, NULL}};

        exposition_number(&scrape->out, labels, counted(scrape, kinds[i].counter));
    }
}

/* Two certificates of one listener may have the same subject: the one that ends first counts, as
 * there may be only one sample with the same labels. */
struct certificates {
    struct certificate {
        char *subject;
        int64_t not_after_s;
    } * items;
    size_t count;
};

static void note_certificate(void *argument, const char *subject, int64_t not_after_s)
{
    struct certificates *certificates = argument;
    struct certificate *grown;
    size_t i = 0;

    while (i < certificates->count && strcmp(certificates->items[i].subject, subject) != 0) {
        i++;
    }
    if (i < certificates->count) {
        if (not_after_s < certificates->items[i].not_after_s) {
            certificates->items[i].not_after_s = not_after_s;
        }
        return;
    }
    grown = reallocarray(certificates->items, i + 1, sizeof *grown);
    if (grown == NULL) {
        return;
    }
    certificates->items = grown;
    grown[i] = (struct certificate){strdup(subject), not_after_s};
    certificates->count += grown[i].subject != NULL;
}

static void write_certificates_of(struct scrape *scrape, const struct listener *listener)
{
    struct certificates certificates = {0};

    tls_visit_certificates(listener->tls, note_certificate, &certificates);
    for (size_t i = 0; i < certificates.count; i++) {
        const struct label labels[] = {
            {"listener", listener->name}, {"subject", certificates.items[i].subject}, {NULL, NULL}};

        exposition_number(&scrape->out, labels, (uint64_t)certificates.items[i].not_after_s);
        free(certificates.items[i].subject);
    }
    free(certificates.items);
}

static void write_certificates(struct scrape *scrape)
{
    const struct listener_set *set = &scrape->control->in_force->listeners;

    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_certificate_not_after_seconds",
                      "When a certificate ends, in seconds since 1970.");
    for (size_t i = 0; i < set->listener_count; i++) {
        if (set->listeners[i]->tls != NULL) {
            write_certificates_of(scrape, set->listeners[i]);
        }
    }
}

/* ---- reloads ---- */

static void write_reloads(struct scrape *scrape)
{
    const struct reload_result *last = reloader_last(scrape->control->reloader);

    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_reloads",
                      "Reloads of the configuration, by how they ended.");
    write_labelled(scrape, "result", "success", reload_counter_read(RELOADS_SUCCEEDED));
    write_labelled(scrape, "result", "failure", reload_counter_read(RELOADS_FAILED));
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_last_reload_success",
                      "Whether the last reload succeeded; 1 before the first.");
    exposition_number(&scrape->out, NULL, last == NULL || last->succeeded);
    exposition_family(&scrape->out, METRIC_COUNTER, "wsrelayd_certificate_reloads",
                      "Readings of certificates whose files had changed, by how they ended.");
    write_labelled(scrape, "result", "success", reload_counter_read(CERTIFICATE_RELOADS_SUCCEEDED));
    write_labelled(scrape, "result", "failure", reload_counter_read(CERTIFICATE_RELOADS_FAILED));
    exposition_family(&scrape->out, METRIC_GAUGE, "wsrelayd_live_settings",
                      "Objects of this and earlier configurations that are still in use.");
    write_labelled(scrape, "kind", "snapshot", reload_counter_read(LIVE_SNAPSHOTS));
    write_labelled(scrape, "kind", "route", reload_counter_read(LIVE_ROUTES));
    write_labelled(scrape, "kind", "listener", reload_counter_read(LIVE_LISTENERS));
}

/* ---- all together ---- */

static void write_all(struct scrape *scrape)
{
    write_build(scrape);
    write_process(scrape);
    write_states(scrape);
    write_listeners(scrape);
    write_handshakes(scrape);
    write_routes(scrape);
    write_counters(scrape);
    write_drops(scrape);
    write_gauges(scrape);
    write_closes(scrape);
    write_workers(scrape);
    write_tls_handshakes(scrape);
    write_certificates(scrape);
    write_reloads(scrape);
    exposition_end(&scrape->out);
}

static void answer_scrape(struct exchange *exchange, struct scrape *scrape)
{
    char *text = NULL;
    size_t length = 0;

    scrape->out.open_metrics = exchange_request(exchange)->wants_open_metrics;
    scrape->out.stream = open_memstream(&text, &length);
    if (scrape->out.stream == NULL) {
        exchange_answer_json(exchange, 500, NULL);
        return;
    }
    write_all(scrape);
    if (fclose(scrape->out.stream) == 0) {
        exchange_answer(exchange, 200,
                        scrape->out.open_metrics ? EXPOSITION_OPENMETRICS : EXPOSITION_PROMETHEUS,
                        (struct slice){text, length});
    } else {
        exchange_answer_json(exchange, 500, NULL);
    }
    free(text);
}

/* Without one worker's part a counter would seem to have started anew: then there is no answer. */
static void figures_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct server_control *control = admin_control(exchange_admin(exchange));
    struct figures sum;

    if (!exchange_all_answered(exchange, survey)) {
        return;
    }
    if (figures_sum(&sum, survey, control)) {
        answer_scrape(exchange,
                      &(struct scrape){.control = control, .survey = survey, .sum = &sum});
    } else {
        exchange_answer_json(exchange, 500, NULL);
    }
    figures_free(&sum);
}

void answer_metrics(struct exchange *exchange, struct slice element)
{
    (void)element;
    exchange_ask(exchange, &figures_survey, SURVEY_ALL, NULL, 0, figures_known);
}

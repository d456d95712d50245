/*
 * GET /v1/status: the process at a glance. It is answered even while a worker is blocked: what only
 * the worker knows is null then.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "admin/figures.h"
#include "admin/process.h"
#include "admin/reload_facts.h"
#include "admin/time_text.h"
#include "base/clock.h"

#include <unistd.h>

static const char *const state_names[] = {
    [SERVER_SERVING] = "serving",
    [SERVER_DRAINING] = "draining",
    [SERVER_STOPPING] = "stopping",
};

static json_t *workers_json(const struct server_control *control)
{
    json_t *workers = json_array();

    for (unsigned i = 0; i < control->worker_count; i++) {
        (void)json_array_append_new(
            workers, json_pack("{s:i, s:i, s:I}", "index", (int)i, "connections",
                               (int)worker_connection_count(control->workers[i]), "turn_age_ms",
                               (json_int_t)worker_silence_ms(control->workers[i])));
    }
    return workers;
}

static void add_numbers(json_t *status, const struct server_control *control)
{
    struct process process;

    process_look(&process);
    json_t *numbers =
        json_pack("{s:I, s:I, s:I, s:I, s:I, s:I, s:I}", "connections",
                  (json_int_t)atomic_load(&control->admission->connections), "pending",
                  (json_int_t)atomic_load(&control->admission->pending), "rooms",
                  (json_int_t)relay_room_count(control->relay), "listeners",
                  (json_int_t)control->in_force->listeners.count, "memory_resident_bytes",
                  (json_int_t)process.resident_bytes, "open_files", (json_int_t)process.open_files,
                  "open_files_limit", (json_int_t)process.open_files_limit);

    (void)json_object_update(status, numbers);
    json_decref(numbers);
}

static void add_number(json_t *status, const char *name, bool known, uint64_t number)
{
    (void)json_object_set_new(status, name, known ? json_integer((json_int_t)number) : json_null());
}

static void add_traffic(json_t *status, const struct survey *survey,
                        const struct server_control *control)
{
    struct figures sum = {0};
    bool known = survey_first_silent(survey) < 0 && figures_sum(&sum, survey, control);
    struct traffic traffic = figures_traffic(&sum);

    add_number(status, "messages_in", known, traffic.messages_in);
    add_number(status, "messages_out", known, traffic.messages_out);
    add_number(status, "bytes_in", known, traffic.bytes_in);
    add_number(status, "bytes_out", known, traffic.bytes_out);
    figures_free(&sum);
}

/* The listeners whose files have changed and cannot be used. */
static json_t *unusable_json(const struct listener_set *set)
{
    json_t *names = json_array();

    for (size_t i = 0; i < set->listener_count; i++) {
        if (set->listeners[i]->failed_mark != 0) {
            (void)json_array_append_new(names, json_string(set->listeners[i]->name));
        }
    }
    return names;
}

static void status_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    const struct server_control *control = admin_control(exchange_admin(exchange));
    char started[TIME_TEXT_BYTES];
    json_t *status;

    exchange_end_ask(exchange);
    time_text(control->started_unix_ms, started);
    status =
        json_pack("{s:s, s:i, s:s, s:f, s:s, s:o}", "version", WSRELAYD_VERSION, "pid",
                  (int)getpid(), "started_at", started, "uptime_seconds",
                  (double)(clock_monotonic_ms() - control->started_ms) / 1000, "state",
                  state_names[control->state(control->server)], "workers", workers_json(control));
    if (status != NULL) {
        add_numbers(status, control);
        add_traffic(status, survey, control);
        (void)json_object_set_new(status, "reloads", reloads_json(control->reloader));
        (void)json_object_set_new(status, "unusable_certificates",
                                  unusable_json(&control->in_force->listeners));
    }
    exchange_answer_json(exchange, 200, status);
}

void answer_status(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));

    (void)element;
    for (unsigned i = 0; i < control->worker_count; i++) {
        worker_ask(control->workers[i]); /* their silence is counted from here on */
    }
    exchange_ask(exchange, &figures_survey, SURVEY_ALL, NULL, 0, status_known);
}

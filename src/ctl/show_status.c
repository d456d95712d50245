/*
 * The status, for people.
 */
#include "ctl/show.h"

#include "ctl/errand.h"
#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/human.h"
#include "ctl/table.h"

#include <stdio.h>

/* Begins a line. */
static void print_label(const char *label)
{
    printf("%-13s", label);
}

static void print_process(const json_t *status)
{
    char uptime[HUMAN_TEXT_BYTES];

    human_duration(field_number(status, "uptime_seconds"), uptime);
    print_label("state");
    escape_print(stdout, field_text(status, "state"));
    fputc('\n', stdout);
    print_label("version");
    escape_print(stdout, field_text(status, "version"));
    printf(", process %.0f\n", field_number(status, "pid"));
    print_label("started");
    escape_print(stdout, field_text(status, "started_at"));
    printf(", %s ago\n", uptime);
}

static void print_inventory(const json_t *status)
{
    print_label("connections");
    printf("%.0f, of which %.0f are not open yet\n", field_number(status, "connections"),
           field_number(status, "pending"));
    print_label("rooms");
    printf("%.0f\n", field_number(status, "rooms"));
    print_label("listeners");
    printf("%.0f\n", field_number(status, "listeners"));
}

static void print_traffic(const json_t *status)
{
    char in[HUMAN_TEXT_BYTES];
    char out[HUMAN_TEXT_BYTES];

    print_label("messages");
    if (!field_is_known(status, "messages_in")) {
        puts("not known, as a worker does not answer");
        return;
    }
    printf("%.0f in, %.0f out\n", field_number(status, "messages_in"),
           field_number(status, "messages_out"));
    human_bytes(field_number(status, "bytes_in"), in);
    human_bytes(field_number(status, "bytes_out"), out);
    print_label("payload");
    printf("%s in, %s out\n", in, out);
}

static void print_resources(const json_t *status)
{
    char memory[HUMAN_TEXT_BYTES];

    human_bytes(field_number(status, "memory_resident_bytes"), memory);
    print_label("memory");
    printf("%s\n", memory);
    print_label("open files");
    printf("%.0f of at most %.0f\n", field_number(status, "open_files"),
           field_number(status, "open_files_limit"));
}

static void print_last_reload(const json_t *last)
{
    const json_t *error;
    size_t i;

    printf("; the last one ");
    escape_print(stdout, field_text(last, "at"));
    printf(": ");
    escape_print(stdout, field_text(last, "result"));
    json_array_foreach(json_object_get(last, "errors"), i, error)
    {
        fputc('\n', stdout);
        print_label("");
        escape_print(stdout, slice_of(json_string_value(error)));
    }
}

static void print_reloads(const json_t *reloads)
{
    const json_t *last = json_object_get(reloads, "last");

    if (!json_is_object(reloads)) {
        return;
    }
    print_label("reloads");
    printf("%.0f succeeded, %.0f failed", field_number(reloads, "succeeded"),
           field_number(reloads, "failed"));
    if (json_is_object(last)) {
        print_last_reload(last);
    }
    fputc('\n', stdout);
}

/* The listeners that go on with the certificates they had; nothing where there are none. */
static void print_unusable(const json_t *names)
{
    const json_t *name;
    size_t i;

    json_array_foreach(names, i, name)
    {
        print_label("certificates");
        printf("new ones of listener ");
        escape_print(stdout, slice_of(json_string_value(name)));
        puts(" cannot be used: it keeps those it had");
    }
}

static void add_worker(struct table *table, const json_t *worker)
{
    char text[HUMAN_TEXT_BYTES];

    snprintf(text, sizeof text, "%.0f", field_number(worker, "index"));
    table_add(table, slice_of(text));
    snprintf(text, sizeof text, "%.0f", field_number(worker, "connections"));
    table_add(table, slice_of(text));
    snprintf(text, sizeof text, "%.0fms", field_number(worker, "turn_age_ms"));
    table_add(table, slice_of(text));
}

/* How long each has left a question unanswered. */
static void print_workers(const json_t *workers)
{
    static const struct table_column columns[] = {
        {"WORKER", true}, {"CONNECTIONS", true}, {"SILENT", true}, {NULL, false}};
    struct table *table = table_create(columns);
    const json_t *worker;
    size_t i;

    json_array_foreach(workers, i, worker)
    {
        add_worker(table, worker);
    }
    fputc('\n', stdout);
    table_print(table, stdout);
    table_free(table);
}

static void print_status(const json_t *status)
{
    print_process(status);
    print_inventory(status);
    print_traffic(status);
    print_resources(status);
    print_reloads(json_object_get(status, "reloads"));
    print_unusable(json_object_get(status, "unusable_certificates"));
    print_workers(json_object_get(status, "workers"));
}

int show_status(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "GET", .target = "/v1/status"};

    return errand_run(arguments, remote, &inquiry, print_status);
}

/*
 * The configuration, the listeners, and what is answered as text: health and metrics.
 */
#include "ctl/show.h"

#include "ctl/errand.h"
#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/human.h"
#include "ctl/table.h"

#include <stdio.h>
#include <string.h>
#include <unistd.h>

/* ---- lines ---- */

/* Prints the first line of a text, and returns what follows it. */
static struct slice print_line(struct slice text)
{
    const char *newline = text.length > 0 ? memchr(text.data, '\n', text.length) : NULL;
    size_t length = newline != NULL ? (size_t)(newline - text.data) : text.length;
    size_t used = length + (newline != NULL);

    escape_print(stdout, (struct slice){text.data, length});
    fputc('\n', stdout);
    return (struct slice){text.data + used, text.length - used};
}

/* Files and programs get it as it is; a terminal would obey what is in it. */
static void print_text(struct slice text)
{
    if (!isatty(STDOUT_FILENO)) {
        fwrite(text.data, 1, text.length, stdout);
        return;
    }
    while (text.length > 0) {
        text = print_line(text);
    }
}

/* ---- the configuration ---- */

static void print_config(const json_t *answer)
{
    print_text(field_text(answer, "config"));
}

int show_config(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "GET", .target = "/v1/config"};

    return errand_run(arguments, remote, &inquiry, print_config);
}

/* ---- the listeners ---- */

static void print_listeners(const json_t *answer)
{
    static const struct table_column columns[] = {{"NAME", false},       {"ADDRESS", false},
                                                  {"TLS", false},        {"ACCEPTED", true},
                                                  {"CONNECTIONS", true}, {NULL, false}};
    struct table *table = table_create(columns);
    const json_t *listener;
    size_t i;

    json_array_foreach(json_object_get(answer, "listeners"), i, listener)
    {
        char accepted[HUMAN_TEXT_BYTES];
        char connections[HUMAN_TEXT_BYTES];

        human_count(field_number(listener, "accepted"), accepted);
        human_count(field_number(listener, "connections"), connections);
        table_add(table, field_text(listener, "name"));
        table_add(table, field_text(listener, "address"));
        table_add(table,
                  json_is_true(json_object_get(listener, "tls")) ? SLICE("yes") : SLICE("no"));
        table_add(table, slice_of(accepted));
        table_add(table, slice_of(connections));
    }
    table_print(table, stdout);
    table_free(table);
}

int show_listeners(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "GET", .target = "/v1/listeners"};

    return errand_run(arguments, remote, &inquiry, print_listeners);
}

/* ---- texts ---- */

/* 503 with a text is an answer, too: no. */
static int show_verdict(const struct arguments *arguments, const struct remote *remote,
                        const char *target)
{
    const struct inquiry inquiry = {.method = "GET", .target = target, .is_text = true};
    struct answer answer;
    struct failure failure;
    int status = STATUS_DONE;

    if (inquire(remote, &inquiry, &answer, &failure)) {
        (void)print_line(response_body(&answer.response));
    } else if (answer.response.status == 503 && answer.json == NULL) {
        (void)print_line(response_body(&answer.response));
        status = STATUS_FAILED;
    } else {
        status = errand_fail(arguments, &failure, &answer);
    }
    answer_free(&answer);
    return status;
}

int show_health(const struct arguments *arguments, const struct remote *remote)
{
    return show_verdict(arguments, remote, "/healthz");
}

int show_ready(const struct arguments *arguments, const struct remote *remote)
{
    return show_verdict(arguments, remote, "/readyz");
}

int show_metrics(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "GET", .target = "/metrics", .is_text = true};
    struct answer answer;
    struct failure failure;
    int status = STATUS_DONE;

    if (inquire(remote, &inquiry, &answer, &failure)) {
        print_text(response_body(&answer.response));
    } else {
        status = errand_fail(arguments, &failure, &answer);
    }
    answer_free(&answer);
    return status;
}

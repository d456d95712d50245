/*
 * Closing, publishing, reloading, draining, the log level.
 */
#include "ctl/act.h"

#include "ctl/errand.h"
#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/memory.h"
#include "ctl/query.h"
#include "protocol/base64.h"
#include "protocol/utf8.h"

#include <errno.h>
#include <inttypes.h>
#include <limits.h>
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* What the body of a request may hold, and so what can never be published. */
enum { MESSAGE_MAX_BYTES = 1 << 20 };

/* Sends a body, which is freed. `missing` is as in struct inquiry. */
static int send_body(const struct arguments *arguments, const struct remote *remote,
                     const char *target, json_t *body, const char *missing,
                     void (*show)(const json_t *answer))
{
    const struct inquiry inquiry = {
        .method = "POST", .target = target, .body = body, .missing = missing};
    int status = errand_run(arguments, remote, &inquiry, show);

    json_decref(body);
    return status;
}

/* A text of the command line, which has to be UTF-8 to stand in JSON; NULL after a complaint. */
static json_t *text_json(const char *what, struct slice text)
{
    json_t *json = json_stringn(text.data, text.length);

    if (json == NULL) {
        complain(STATUS_USAGE, "%s is no UTF-8, which it has to be", what);
    }
    return json;
}

/* ---- closing ---- */

static void show_closed(const json_t *answer)
{
    double closed = field_number(answer, "closed");

    printf("closed %.0f connection%s\n", closed, closed == 1 ? "" : "s");
}

/* Adds what the Close frame is to say. */
static bool add_close(json_t *body, const struct arguments *arguments)
{
    json_t *reason = NULL;

    if (arguments->code > 0) {
        (void)json_object_set_new(body, "code", json_integer((json_int_t)arguments->code));
    }
    if (arguments->reason != NULL) {
        reason = text_json("--reason", slice_of(arguments->reason));
        (void)json_object_set_new(body, "reason", reason);
    }
    return arguments->reason == NULL || reason != NULL;
}

int act_close(const struct arguments *arguments, const struct remote *remote)
{
    json_t *body = memory_got(json_object());
    char missing[FAILURE_BYTES];
    char *target;
    int status;

    if (!add_close(body, arguments)) {
        json_decref(body);
        return STATUS_USAGE;
    }
    snprintf(missing, sizeof missing,
             "There is no connection \"%s\"; wsrelayctl connections shows those that are there.",
             arguments->operands[0]);
    target = query_path("/v1/connections/", arguments->operands[0], "/close");
    status = send_body(arguments, remote, target, body, missing, show_closed);
    free(target);
    return status;
}

/* {"namespace", "name"} of the first two operands; NULL after a complaint. */
static json_t *room_json(const struct arguments *arguments)
{
    json_t *namespace = text_json("NAMESPACE", slice_of(arguments->operands[0]));
    json_t *name = text_json("NAME", slice_of(arguments->operands[1]));

    if (namespace == NULL || name == NULL) {
        json_decref(namespace);
        json_decref(name);
        return NULL;
    }
    return memory_got(json_pack("{s:o, s:o}", "namespace", namespace, "name", name));
}

/* Sends the body of a request for a room, which is freed. */
static int send_to_room(const struct arguments *arguments, const struct remote *remote,
                        const char *target, json_t *body, void (*show)(const json_t *answer))
{
    char missing[FAILURE_BYTES];

    snprintf(missing, sizeof missing,
             "There is no room \"%s\" in the namespace \"%s\"; wsrelayctl rooms shows those that "
             "are there.",
             arguments->operands[1], arguments->operands[0]);
    return send_body(arguments, remote, target, body, missing, show);
}

int act_close_room(const struct arguments *arguments, const struct remote *remote)
{
    json_t *body = room_json(arguments);

    if (body == NULL || !add_close(body, arguments)) {
        json_decref(body);
        return STATUS_USAGE;
    }
    return send_to_room(arguments, remote, "/v1/rooms/close", body, show_closed);
}

/* ---- publishing ---- */

static void show_published(const json_t *answer)
{
    double members = field_number(answer, "members");

    printf("published to %.0f member%s\n", members, members == 1 ? "" : "s");
}

/* All of standard input, to be freed. NULL after a complaint. */
static char *read_input(size_t *length)
{
    char *data = memory_got(malloc(MESSAGE_MAX_BYTES + 1));

    if (isatty(STDIN_FILENO) == 1) {
        (void)complain(STATUS_DONE, "note: the message is read from standard input, to be ended "
                                    "by Ctrl-D on a line of its own");
    }
    *length = fread(data, 1, MESSAGE_MAX_BYTES + 1, stdin);
    if (ferror(stdin) != 0) {
        complain(STATUS_USAGE, "publish: cannot read standard input: %s", strerror(errno));
    } else if (*length > MESSAGE_MAX_BYTES) {
        complain(STATUS_USAGE, "publish: the message has more than 1 MiB, which the daemon does "
                               "not take this way");
    } else {
        return data;
    }
    free(data);
    return NULL;
}

static json_t *binary_json(struct slice data)
{
    size_t length = BASE64_LENGTH(data.length);
    char *text = memory_got(malloc(length + 1));
    json_t *json;

    base64_encode(text, (const uint8_t *)data.data, data.length);
    json = memory_got(json_stringn(text, length));
    free(text);
    return json;
}

/* NULL after a complaint. */
static json_t *data_json(const struct arguments *arguments, struct slice data)
{
    if (arguments->binary) {
        return binary_json(data);
    }
    if (!utf8_valid((const uint8_t *)data.data, data.length)) {
        complain(STATUS_USAGE, "publish: the message is no UTF-8; --binary sends any bytes");
        return NULL;
    }
    return memory_got(json_stringn(data.data, data.length));
}

static int publish(const struct arguments *arguments, const struct remote *remote,
                   struct slice data)
{
    json_t *body = room_json(arguments);
    json_t *message = body != NULL ? data_json(arguments, data) : NULL;

    if (message == NULL) {
        json_decref(body);
        return STATUS_USAGE;
    }
    (void)json_object_set_new(body, "type", json_string(arguments->binary ? "binary" : "text"));
    (void)json_object_set_new(body, "data", message);
    return send_to_room(arguments, remote, "/v1/rooms/publish", body, show_published);
}

int act_publish(const struct arguments *arguments, const struct remote *remote)
{
    const char *operand = arguments->operands[2];
    size_t length;
    char *input;
    int status;

    if (operand != NULL) {
        return publish(arguments, remote, slice_of(operand));
    }
    input = read_input(&length);
    if (input == NULL) {
        return STATUS_USAGE;
    }
    status = publish(arguments, remote, (struct slice){input, length});
    free(input);
    return status;
}

/* ---- reloading and draining ---- */

static void show_reloaded(const json_t *answer)
{
    (void)answer;
    puts("reloaded");
}

int act_signal_reload(const struct arguments *arguments)
{
    if (arguments->signal_pid > INT_MAX || kill((pid_t)arguments->signal_pid, SIGHUP) != 0) {
        return complain(STATUS_FAILED, "cannot send SIGHUP to process %" PRIu64 ": %s",
                        arguments->signal_pid, strerror(errno));
    }
    puts("SIGHUP was sent; the daemon's log says what came of it");
    return STATUS_DONE;
}

int act_reload(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {
        .method = "POST",
        .target = "/v1/reload",
        .if_late = "the reload was asked for and goes on; wsrelayctl status tells how it went",
        .waits_for_ever = arguments->wait,
    };

    return errand_run(arguments, remote, &inquiry, show_reloaded);
}

static void show_state(const json_t *answer)
{
    escape_print(stdout, field_text(answer, "state"));
    fputc('\n', stdout);
}

int act_drain(const struct arguments *arguments, const struct remote *remote)
{
    const struct inquiry inquiry = {.method = "POST", .target = "/v1/drain"};

    return errand_run(arguments, remote, &inquiry, show_state);
}

/* ---- the log level ---- */

static void show_level(const json_t *answer)
{
    escape_print(stdout, field_text(answer, "level"));
    fputc('\n', stdout);
}

int act_log_level(const struct arguments *arguments, const struct remote *remote)
{
    const char *level = arguments->operands[0];
    struct inquiry inquiry = {.method = "GET", .target = "/v1/log-level"};
    json_t *body = NULL;
    int status;

    if (level != NULL) {
        body = memory_got(json_pack("{s:s}", "level", level));
        inquiry.method = "PUT";
        inquiry.body = body;
    }
    status = errand_run(arguments, remote, &inquiry, show_level);
    json_decref(body);
    return status;
}

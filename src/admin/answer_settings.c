/*
 * What the process has been told: its configuration, listeners, log level.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "base/log.h"
#include "config/schema.h"

#include <stdio.h>
#include <stdlib.h>

void answer_config(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));
    char *text = NULL;
    size_t length = 0;
    FILE *stream = open_memstream(&text, &length);
    bool written = stream != NULL && reload_dump(control->in_force, stream);

    (void)element;
    written = stream != NULL && fclose(stream) == 0 && written;
    exchange_answer_json(exchange, 200,
                         written ? json_pack("{s:s%}", "config", text, length) : NULL);
    free(text);
}

static json_t *socket_json(const struct listening *listening)
{
    const struct bound_socket *bound = listening->bound;
    const struct listener *listener = listening->listener;
    char address[ADDRESS_TEXT_BYTES];

    address_format(&bound->address, address);
    return json_pack("{s:s, s:s, s:b, s:I, s:I}", "name", listener->name, "address", address, "tls",
                     listener->tls != NULL, "accepted",
                     (json_int_t)atomic_load_explicit(&bound->accepted, memory_order_relaxed),
                     "connections", (json_int_t)accept_count_present(listener->accepted));
}

void answer_listeners(struct exchange *exchange, struct slice element)
{
    const struct listener_set *set = &admin_control(exchange_admin(exchange))->in_force->listeners;
    json_t *listeners = json_array();

    (void)element;
    for (size_t i = 0; i < set->count; i++) {
        (void)json_array_append_new(listeners, socket_json(&set->sockets[i]));
    }
    exchange_answer_json(exchange, 200, json_pack("{s:o}", "listeners", listeners));
}

/* ---- the log level ---- */

static const char *level_name(enum log_level level)
{
    const struct schema_choice *choice = schema_log_levels;

    while (choice->name != NULL && choice->value != (uint64_t)level) {
        choice++;
    }
    return choice->name;
}

void answer_log_level(struct exchange *exchange, struct slice element)
{
    (void)element;
    exchange_answer_json(exchange, 200, json_pack("{s:s}", "level", level_name(log_level())));
}

void change_log_level(struct exchange *exchange, struct slice element)
{
    json_t *body = exchange_body(exchange);
    const struct schema_choice *choice = NULL;
    const char *level;
    json_error_t error;

    if (body == NULL) {
        return;
    }
    if (json_unpack_ex(body, &error, JSON_STRICT, "{s:s}", "level", &level) == 0) {
        choice = schema_find_choice(schema_log_levels, level);
    }
    if (choice != NULL) {
        log_notice("log level changed", LOG_TEXT("level", choice->name));
        log_set_level((enum log_level)choice->value);
        answer_log_level(exchange, element);
    } else {
        exchange_fail(exchange, 400,
                      "The body must be {\"level\": LEVEL}, LEVEL being error, warning, notice, "
                      "info or debug.",
                      NULL);
    }
    json_decref(body);
}

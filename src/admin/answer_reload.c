/*
 * POST /v1/reload: what SIGHUP does, answered when it has been done.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "admin/reload_facts.h"

static void reload_over(void *owner, const struct reload_result *result)
{
    struct exchange *exchange = owner;

    exchange_end_ask(exchange);
    if (result->succeeded) {
        exchange_answer_json(exchange, 200, json_pack("{s:s}", "result", "reloaded"));
        return;
    }
    exchange_fail(exchange, 409, "The reload failed: the configuration stays as it was.",
                  json_pack("{s:o}", "errors", reload_errors_json(result)));
}

void begin_reload(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));

    (void)element;
    if (!exchange_has_no_fields(exchange)) {
        return;
    }
    switch (control->state(control->server)) {
    case SERVER_SERVING:
        exchange_ask_reload(exchange, reload_over);
        break;
    case SERVER_DRAINING:
        exchange_fail(exchange, 503, "The daemon is draining: it does not reload any more.", NULL);
        break;
    case SERVER_STOPPING:
        exchange_fail(exchange, 503, "The daemon is stopping: it does not reload any more.", NULL);
        break;
    }
}

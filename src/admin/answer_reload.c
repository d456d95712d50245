/*
 * POST /v1/reload: what SIGHUP does, answered when it has been done.
 */
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
    (void)element;
    if (exchange_has_no_fields(exchange)) {
        exchange_ask_reload(exchange, reload_over);
    }
}

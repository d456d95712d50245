/*
 * POST /v1/drain: what SIGUSR2 does, but that a second one does not hurry.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"
#include "base/log.h"

void begin_drain(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));

    (void)element;
    if (!exchange_has_no_fields(exchange)) {
        return;
    }
    if (control->state(control->server) == SERVER_STOPPING) {
        exchange_fail(exchange, 409, "The daemon is stopping already.", NULL);
        return;
    }
    log_notice("told to drain by the admin listener");
    control->drain(control->server);
    exchange_answer_json(exchange, 202, json_pack("{s:s}", "state", "draining"));
}

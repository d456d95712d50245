/*
 * /healthz and /readyz: what supervisors and load balancers ask.
 */
#include "admin/admin.h"
#include "admin/answers.h"
#include "admin/exchange.h"

#include <stdio.h>

enum { HEALTH_MS = 1000 };

/* Whoever delivers the mail turns. */
static bool turn(struct loop *loop, void *part, const void *question)
{
    (void)loop;
    (void)part;
    (void)question;
    return true;
}

static const struct survey_kind turns = {.step = turn, .limit_ms = HEALTH_MS};

static void answer_text(struct exchange *exchange, int status, const char *text)
{
    exchange_answer(exchange, status, REPLY_TEXT, slice_of(text));
}

static void answer_silent(struct exchange *exchange, unsigned worker)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));
    char text[96];

    snprintf(text, sizeof text, "worker %u has not turned for %lld ms\n", worker,
             (long long)worker_silence_ms(control->workers[worker]));
    answer_text(exchange, 503, text);
}

static void health_known(void *owner, struct survey *survey)
{
    struct exchange *exchange = owner;
    int silent = survey_first_silent(survey);

    exchange_end_ask(exchange);
    if (silent >= 0) {
        answer_silent(exchange, (unsigned)silent);
    } else {
        answer_text(exchange, 200, "ok\n");
    }
}

/* A worker that has been silent for long already is not waited for again. */
void answer_health(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));

    (void)element;
    for (unsigned i = 0; i < control->worker_count; i++) {
        worker_ask(control->workers[i]);
        if (worker_silence_ms(control->workers[i]) > HEALTH_MS) {
            answer_silent(exchange, i);
            return;
        }
    }
    exchange_ask(exchange, &turns, SURVEY_ALL, NULL, 0, health_known);
}

static const struct {
    int status;
    const char *text;
} readiness[] = {
    [SERVER_SERVING] = {200, "ready\n"},
    [SERVER_DRAINING] = {503, "draining\n"},
    [SERVER_STOPPING] = {503, "stopping\n"},
};

void answer_readiness(struct exchange *exchange, struct slice element)
{
    const struct server_control *control = admin_control(exchange_admin(exchange));
    enum server_state state = control->state(control->server);

    (void)element;
    answer_text(exchange, readiness[state].status, readiness[state].text);
}

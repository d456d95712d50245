/*
 * One connection to the admin listener: one request, one answer, an orderly end.
 */
#ifndef WSRELAYD_ADMIN_EXCHANGE_H
#define WSRELAYD_ADMIN_EXCHANGE_H

#include "admin/reply.h"
#include "admin/request.h"
#include "admin/survey.h"
#include "server/reloader.h"

#include <jansson.h>
#include <stdbool.h>

struct admin;
struct exchange;

/*
 * Takes over an accepted socket, non-blocking. `trusted`: it is a unix socket, which its mode
 * guards. `full`: there are too many, and it is only told so. False when memory is short: the
 * socket is closed.
 */
bool exchange_start(struct admin *admin, int fd, bool trusted, bool full);

/* Whether nothing is owed to the client: its request has not arrived, or has had its answer. */
bool exchange_is_idle(const struct exchange *exchange);

/* Ends it in whatever state it is. */
void exchange_free(struct exchange *exchange);

/* ---- for those who answer ---- */

struct admin *exchange_admin(const struct exchange *exchange);
const struct request *exchange_request(const struct exchange *exchange);

/* The body of the request as a JSON object, to be decref'd; NULL after an answer that says what is
 * wrong with it. An empty body is an empty object. */
json_t *exchange_body(struct exchange *exchange);

/* For requests that say it all with their path: whether the body is empty or an empty object. False
 * after an answer that says that it is not. */
bool exchange_has_no_fields(struct exchange *exchange);

/* Answers with content, with JSON (taken over; NULL: memory is short), or with an error, for which
 * `details` may be NULL and is taken over. One of them once. */
void exchange_answer(struct exchange *exchange, int status, const char *content_type,
                     struct slice content);
void exchange_answer_json(struct exchange *exchange, int status, json_t *value);
void exchange_fail(struct exchange *exchange, int status, const char *message, json_t *details);

/* Asks workers; `done` is called with the exchange, unless the client has gone. Answers by itself
 * when that is not possible. */
void exchange_ask(struct exchange *exchange, const struct survey_kind *kind, int worker,
                  const void *question, size_t question_bytes, survey_done *done);

/* Asks for a reload; `done` is called with the exchange, unless the client has gone. Answers by
 * itself when that is not possible. */
void exchange_ask_reload(struct exchange *exchange, reload_done *done);

/* For `done`, before anything else: what was asked is over. */
void exchange_end_ask(struct exchange *exchange);

/* For `done`: answers 503 when a worker has not answered; returns whether all have. */
bool exchange_all_answered(struct exchange *exchange, const struct survey *survey);

#endif

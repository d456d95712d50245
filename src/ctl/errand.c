/*
 * Errands.
 */
#include "ctl/errand.h"

#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/verb.h"

#include <stdio.h>

static void print_as_it_is(const struct response *response)
{
    struct slice body = response_body(response);

    fwrite(body.data, 1, body.length, stdout);
    if (body.length > 0 && body.data[body.length - 1] != '\n') {
        fputc('\n', stdout);
    }
}

/* Such as those of a configuration, each with its place. */
static void print_errors(const json_t *answer)
{
    const json_t *details = json_object_get(json_object_get(answer, "error"), "details");
    const json_t *errors = json_object_get(details, "errors");
    const json_t *error;
    size_t i;

    json_array_foreach(errors, i, error)
    {
        if (json_is_string(error)) {
            escape_print(stderr,
                         (struct slice){json_string_value(error), json_string_length(error)});
            fputc('\n', stderr);
        }
    }
}

int errand_fail(const struct arguments *arguments, const struct failure *failure,
                const struct answer *answer)
{
    if (arguments->json && answer->json != NULL) {
        print_as_it_is(&answer->response);
    }
    print_errors(answer->json);
    return failure->status == STATUS_FAILED
               ? complain(failure->status, "%s: %s", arguments->verb->name, failure->text)
               : complain(failure->status, "%s", failure->text);
}

int errand_run(const struct arguments *arguments, const struct remote *remote,
               const struct inquiry *inquiry, void (*show)(const json_t *answer))
{
    struct answer answer;
    struct failure failure;
    int status = STATUS_DONE;

    if (!inquire(remote, inquiry, &answer, &failure)) {
        status = errand_fail(arguments, &failure, &answer);
    } else if (arguments->json) {
        print_as_it_is(&answer.response);
    } else {
        show(answer.json);
    }
    answer_free(&answer);
    return status;
}

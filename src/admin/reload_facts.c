/*
 * Reloads as JSON.
 */
#include "admin/reload_facts.h"

#include "admin/time_text.h"
#include "net/reload_counters.h"

json_t *reload_errors_json(const struct reload_result *result)
{
    json_t *errors = json_array();

    for (size_t i = 0; i < result->errors.count; i++) {
        (void)json_array_append_new(errors, json_string(result->errors.items[i]));
    }
    return errors;
}

static json_t *last_json(const struct reload_result *result)
{
    char at[TIME_TEXT_BYTES];

    if (result == NULL) {
        return json_null();
    }
    time_text((int64_t)result->at * 1000, at);
    return json_pack("{s:s, s:s, s:o}", "at", at, "result",
                     result->succeeded ? "reloaded" : "failed", "errors",
                     reload_errors_json(result));
}

json_t *reloads_json(const struct reloader *reloader)
{
    return json_pack("{s:I, s:I, s:o}", "succeeded",
                     (json_int_t)reload_counter_read(RELOADS_SUCCEEDED), "failed",
                     (json_int_t)reload_counter_read(RELOADS_FAILED), "last",
                     last_json(reloader_last(reloader)));
}

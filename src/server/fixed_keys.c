/*
 * Comparing what cannot change.
 */
#include "server/fixed_keys.h"

#include "config/config.h"
#include "config/errors.h"
#include "config/schema.h"

#include <stdbool.h>
#include <stdlib.h>
#include <string.h>

/* What cannot be compared counts as another. */
static bool is_same(const struct config *config, const struct config *old,
                    const struct schema_row *row)
{
    char *new_text = config_key_text(config, row);
    char *old_text = config_key_text(old, row);
    bool same = new_text != NULL && old_text != NULL && strcmp(new_text, old_text) == 0;

    free(new_text);
    free(old_text);
    return same;
}

void fixed_keys_check(const struct config *config, struct config_errors *errors,
                      const void *in_force)
{
    for (const struct schema_row *row = schema_rows; row->name != NULL; row++) {
        if (row->needs_restart && !is_same(config, in_force, row)) {
            config_value_error(errors, row->name,
                               "cannot change while the daemon runs: restart it");
        }
    }
}

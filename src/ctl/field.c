/*
 * Reading JSON objects.
 */
#include "ctl/field.h"

struct slice field_text(const json_t *object, const char *name)
{
    const json_t *value = json_object_get(object, name);

    return json_is_string(value)
               ? (struct slice){json_string_value(value), json_string_length(value)}
               : (struct slice){"", 0};
}

double field_number(const json_t *object, const char *name)
{
    return json_number_value(json_object_get(object, name));
}

bool field_is_known(const json_t *object, const char *name)
{
    return json_is_number(json_object_get(object, name));
}

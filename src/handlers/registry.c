/*
 * The list of handlers.
 */
#include "handlers/registry.h"

const struct handler_schema *const handler_registry[] = {
    &echo_handler.schema,
    &broadcast_handler.schema,
    &info_handler.schema,
    NULL,
};

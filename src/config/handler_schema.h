/*
 * What a handler tells the configuration about itself. It is the first member of struct handler
 * (handlers/handler.h), so that one pointer leads to the other without config knowing handlers.
 */
#ifndef WSRELAYD_CONFIG_HANDLER_SCHEMA_H
#define WSRELAYD_CONFIG_HANDLER_SCHEMA_H

#include <stddef.h>

struct schema_row;
struct route_config;
struct config_errors;

struct handler_schema {
    const char *name;
    const char *help; /* one line, for the manual page */
    const struct schema_row
        *rows; /* the handler's own keys, ended by a row without a name; NULL: none */
    size_t settings_bytes;
    /*
     * Everything that `-t` runs beyond the rows; reports to `errors` with config_handler_error.
     * NULL: nothing to check.
     */
    void (*check)(const struct route_config *route, struct config_errors *errors);
};

#endif

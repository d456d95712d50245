/*
 * The handlers that a configuration may name.
 */
#ifndef WSRELAYD_HANDLERS_REGISTRY_H
#define WSRELAYD_HANDLERS_REGISTRY_H

#include "handlers/handler.h"

extern const struct handler echo_handler;
extern const struct handler broadcast_handler;
extern const struct handler info_handler;

/* What config_load wants: the schemas of all handlers, ended by NULL. */
extern const struct handler_schema *const handler_registry[];

#endif

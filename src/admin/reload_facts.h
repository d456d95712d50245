/*
 * What can be told of reloads.
 */
#ifndef WSRELAYD_ADMIN_RELOAD_FACTS_H
#define WSRELAYD_ADMIN_RELOAD_FACTS_H

#include "server/reloader.h"

#include <jansson.h>

/* The lines of one that has failed, as an array. NULL when memory is short. */
json_t *reload_errors_json(const struct reload_result *result);

/* All of it, as GET /v1/status shows it. NULL when memory is short. */
json_t *reloads_json(const struct reloader *reloader);

#endif

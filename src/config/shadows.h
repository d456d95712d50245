/*
 * Routes that can never match, because one before them takes all that they could.
 */
#ifndef WSRELAYD_CONFIG_SHADOWS_H
#define WSRELAYD_CONFIG_SHADOWS_H

#include <stdbool.h>
#include <stddef.h>

struct config;

/*
 * Writes for each route the index of the first one that takes every request that it could match,
 * which is its own index if none does. Returns false when memory is short.
 */
bool shadows_find(const struct config *config, size_t *first);

#endif

/*
 * Reads a configuration file into memory, refusing what no configuration file is.
 */
#ifndef WSRELAYD_CONFIG_SOURCE_H
#define WSRELAYD_CONFIG_SOURCE_H

#include <stddef.h>

struct config_errors;

enum { SOURCE_MAX_BYTES = 1 << 20 };

/* Returns the file's bytes, to be freed, or NULL with one error reported. */
char *source_read(const char *path, size_t *length, struct config_errors *errors);

#endif

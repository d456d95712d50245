/*
 * The path of a route, with its captures: {name} is one whole segment and never empty, {name*} at
 * the end is the remainder and may be empty.
 */
#ifndef WSRELAYD_CONFIG_PATH_PATTERN_H
#define WSRELAYD_CONFIG_PATH_PATTERN_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>

enum { PATH_PATTERN_CAPTURES_MAX = 16, PATH_PATTERN_PROBLEM_BYTES = 192 };

/*
 * Cuts a pattern at its captures, its literal parts normalised as request paths are. Returns false
 * with `problem` set and nothing allocated when it is malformed or has more captures than
 * PATH_PATTERN_CAPTURES_MAX.
 */
bool path_pattern_parse(const char *text, struct path_part **parts, size_t *count,
                        char problem[PATH_PATTERN_PROBLEM_BYTES]);

void path_pattern_free(struct path_part *parts, size_t count);

#endif

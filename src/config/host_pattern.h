/*
 * The host of a route: a name, or "*." and a name for every host below it.
 */
#ifndef WSRELAYD_CONFIG_HOST_PATTERN_H
#define WSRELAYD_CONFIG_HOST_PATTERN_H

#include <stdbool.h>

/* Returns NULL when the pattern is well formed, else a static phrase that says what is wrong. */
const char *host_pattern_problem(const char *text);

/* Whether every host that `narrow` stands for is one of `wide`. NULL stands for all hosts. */
bool host_pattern_covers(const char *wide, const char *narrow);

#endif

/*
 * The host of a route: a name, or "*." and a name for every host below it.
 */
#ifndef WSRELAYD_CONFIG_HOST_PATTERN_H
#define WSRELAYD_CONFIG_HOST_PATTERN_H

/* Returns NULL when the pattern is well formed, else a static phrase that says what is wrong. */
const char *host_pattern_problem(const char *text);

#endif

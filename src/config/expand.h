/*
 * Variables inside scalar values: ${NAME}, ${NAME:-default}, ${NAME:?message}, and $$ for a
 * dollar sign.
 */
#ifndef WSRELAYD_CONFIG_EXPAND_H
#define WSRELAYD_CONFIG_EXPAND_H

enum { EXPAND_PROBLEM_BYTES = 256 };

/*
 * Returns the text with its variables replaced from the environment, to be freed. Returns NULL
 * with `problem` set when a variable is not defined or the notation is broken.
 */
char *expand_variables(const char *text, char problem[EXPAND_PROBLEM_BYTES]);

#endif

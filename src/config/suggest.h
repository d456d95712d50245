/*
 * What somebody who mistyped a word may have meant.
 */
#ifndef WSRELAYD_CONFIG_SUGGEST_H
#define WSRELAYD_CONFIG_SUGGEST_H

#include <stddef.h>

/*
 * The candidate that is nearest to `word`, or NULL when none is near enough: at most a third of
 * its letters wrong, missing, surplus or swapped, or all of them missing behind the first three or
 * more. Only words are proposed: "1.1" is no typing error of "1.2".
 */
const char *suggest(const char *word, const char *const *candidates, size_t count);

#endif

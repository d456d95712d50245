/*
 * What can be asked for. The table of verbs is what the command line is read with, and what --help
 * prints; tests compare the manual page and the completions with it.
 */
#ifndef WSRELAYD_CTL_VERB_H
#define WSRELAYD_CTL_VERB_H

#include "ctl/arguments.h"
#include "ctl/remote.h"

#include <stddef.h>

struct verb {
    const char *name;
    const char *operands; /* as --help shows them; may be empty */
    int operands_least;
    int operands_most;
    const char *help;

    /* Does it. Returns the exit status; complaints have been written. */
    int (*run)(const struct arguments *arguments, const struct remote *remote);
};

/* Ended by a row without a name. */
extern const struct verb verbs[];

/* NULL: there is none of that name. */
const struct verb *verb_find(const char *name);

/* The verb that a mistyped name may have meant, or NULL. */
const char *verb_suggest(const char *name);

#endif

/*
 * What most verbs do: ask once, and print what was answered.
 */
#ifndef WSRELAYD_CTL_ERRAND_H
#define WSRELAYD_CTL_ERRAND_H

#include "ctl/arguments.h"
#include "ctl/inquiry.h"

/*
 * Asks. Prints the answer, with --json as it came, else with `show`. Returns the exit status, after
 * complaining where it is not STATUS_DONE.
 */
int errand_run(const struct arguments *arguments, const struct remote *remote,
               const struct inquiry *inquiry, void (*show)(const json_t *answer));

/*
 * Complains of a failure. An answer that came with it is printed with --json; errors that it lists
 * are written one a line to standard error. Returns the exit status.
 */
int errand_fail(const struct arguments *arguments, const struct failure *failure,
                const struct answer *answer);

#endif

/*
 * Giving up root.
 */
#ifndef WSRELAYD_SERVER_PRIVILEGES_H
#define WSRELAYD_SERVER_PRIVILEGES_H

#include <stdbool.h>
#include <sys/types.h>

struct config_errors;
struct config;

/* What a process had that looks at files as somebody else. */
struct privileges_loan {
    gid_t *groups; /* owned */
    int group_count;
    gid_t group_id;
};

/*
 * Becomes config->user and config->group, when they are set and the process is root; warns when it
 * stays root. Returns 0, or -1 with the reason logged.
 */
int privileges_drop(const struct config *config);

/*
 * Until privileges_return, has files be opened as privileges_drop would leave it. For a process of
 * one thread. False, with nothing changed, when that is nobody else, or is not possible.
 */
bool privileges_lend(struct privileges_loan *loan, const struct config *config);
void privileges_return(struct privileges_loan *loan);

/* Reports a user or group that does not exist (`-t`). */
void privileges_check(const struct config *config, struct config_errors *errors);

#endif

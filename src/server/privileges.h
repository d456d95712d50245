/*
 * Giving up root.
 */
#ifndef WSRELAYD_SERVER_PRIVILEGES_H
#define WSRELAYD_SERVER_PRIVILEGES_H

struct config_errors;
struct config;

/*
 * Becomes config->user and config->group, when they are set and the process is root; warns when it
 * stays root. Returns 0, or -1 with the reason logged.
 */
int privileges_drop(const struct config *config);

/* Reports a user or group that does not exist (`-t`). */
void privileges_check(const struct config *config, struct config_errors *errors);

#endif

/*
 * What `-t` checks of the process itself: user, group, and the files that a start writes.
 */
#ifndef WSRELAYD_SERVER_CHECK_H
#define WSRELAYD_SERVER_CHECK_H

struct config;
struct config_errors;

/* Reports what would keep a start from becoming the user or from writing its files. */
void server_check(const struct config *config, struct config_errors *errors);

#endif

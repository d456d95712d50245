/*
 * The echo of a connection whose query shapes it.
 */
#ifndef WSRELAYD_HANDLERS_SHAPED_ECHO_H
#define WSRELAYD_HANDLERS_SHAPED_ECHO_H

#include "handlers/handler.h"

/* on_upgrade of a connection of the handler echo that has a query: takes the connection over. */
enum upgrade_decision shaped_echo_upgrade(struct conn *conn, const struct upgrade_info *info,
                                          int *status, const char **reason);

#endif

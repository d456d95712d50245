/*
 * Verbs that show lists, which may be long: page by page. Each returns the exit status.
 */
#ifndef WSRELAYD_CTL_BROWSE_H
#define WSRELAYD_CTL_BROWSE_H

#include "ctl/arguments.h"
#include "ctl/remote.h"

int browse_connections(const struct arguments *arguments, const struct remote *remote);
int browse_rooms(const struct arguments *arguments, const struct remote *remote);

#endif

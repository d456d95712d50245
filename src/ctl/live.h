/*
 * The verb watch.
 */
#ifndef WSRELAYD_CTL_LIVE_H
#define WSRELAYD_CTL_LIVE_H

#include "ctl/arguments.h"
#include "ctl/remote.h"

/* On a terminal draws again and again until q or an interrupt; elsewhere writes a block each time.
 * Returns the exit status. */
int live_watch(const struct arguments *arguments, const struct remote *remote);

#endif

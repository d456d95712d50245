/*
 * Verbs that change something. Each returns the exit status.
 */
#ifndef WSRELAYD_CTL_ACT_H
#define WSRELAYD_CTL_ACT_H

#include "ctl/arguments.h"
#include "ctl/remote.h"

int act_close(const struct arguments *arguments, const struct remote *remote);
int act_close_room(const struct arguments *arguments, const struct remote *remote);
int act_publish(const struct arguments *arguments, const struct remote *remote);
int act_reload(const struct arguments *arguments, const struct remote *remote);

/* What --signal wants of reload where the configuration has no admin listener. */
int act_signal_reload(const struct arguments *arguments);

int act_drain(const struct arguments *arguments, const struct remote *remote);
int act_log_level(const struct arguments *arguments, const struct remote *remote);

#endif

/*
 * Verbs that show one answer. Each returns the exit status.
 */
#ifndef WSRELAYD_CTL_SHOW_H
#define WSRELAYD_CTL_SHOW_H

#include "ctl/arguments.h"
#include "ctl/remote.h"

int show_status(const struct arguments *arguments, const struct remote *remote);
int show_config(const struct arguments *arguments, const struct remote *remote);
int show_listeners(const struct arguments *arguments, const struct remote *remote);
int show_health(const struct arguments *arguments, const struct remote *remote);
int show_ready(const struct arguments *arguments, const struct remote *remote);
int show_metrics(const struct arguments *arguments, const struct remote *remote);

#endif

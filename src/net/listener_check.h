/*
 * What `-t` checks of listeners, the admin listener included: all that would keep them from being
 * opened, short of binding.
 */
#ifndef WSRELAYD_NET_LISTENER_CHECK_H
#define WSRELAYD_NET_LISTENER_CHECK_H

struct config;
struct config_errors;

/*
 * Addresses resolve and no two collide, unix sockets have a directory, their users and groups
 * exist, certificates and keys load and match. What the file failed to give is passed over.
 */
void listener_check(const struct config *config, struct config_errors *errors);

#endif

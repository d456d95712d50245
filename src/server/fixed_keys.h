/*
 * The keys that only a restart can change.
 */
#ifndef WSRELAYD_SERVER_FIXED_KEYS_H
#define WSRELAYD_SERVER_FIXED_KEYS_H

struct config;
struct config_errors;

/* Reports those that differ from what is in force, a struct config: a check for config_load. */
void fixed_keys_check(const struct config *config, struct config_errors *errors,
                      const void *in_force);

#endif

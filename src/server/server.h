/*
 * The process: what is opened before anything is served, the workers, the signals, the end.
 */
#ifndef WSRELAYD_SERVER_SERVER_H
#define WSRELAYD_SERVER_SERVER_H

#include "config/config.h"
#include "relay/relay.h"

/*
 * Serves until a signal asks for the end. `deliver` is how the relay reaches members. Returns 0
 * when stopped as asked, -1 when something could not be started, which has been logged.
 */
int server_run(const struct config *config, relay_deliver *deliver);

#endif

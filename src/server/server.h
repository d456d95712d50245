/*
 * The process: what is opened before anything is served, the workers, the signals, the end.
 */
#ifndef WSRELAYD_SERVER_SERVER_H
#define WSRELAYD_SERVER_SERVER_H

#include "config/config.h"
#include "relay/relay.h"
#include "server/control.h"
#include "server/reload.h"

/*
 * Serves until a signal asks for the end. `deliver` is how the relay reaches members; `source` is
 * where `config`, which is taken over, has come from; `companion` runs beside the workers. Returns
 * 0 when stopped as asked, -1 when something could not be started, which has been logged.
 */
int server_run(const struct config_source *source, struct config *config, relay_deliver *deliver,
               const struct server_companion *companion);

#endif

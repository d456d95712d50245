/*
 * One reload: a new configuration is built beside the one in force, and either replaces it as a
 * whole, or is dropped as a whole and said to be wrong in every way in which it is. The main
 * thread.
 */
#ifndef WSRELAYD_SERVER_RELOAD_H
#define WSRELAYD_SERVER_RELOAD_H

#include "config/config.h"
#include "net/admission.h"
#include "net/listener_set.h"
#include "net/snapshot.h"
#include "server/acceptor.h"
#include "server/text_list.h"
#include "server/worker.h"

#include <stdbool.h>
#include <stdio.h>

struct server_companion;

/* Where configurations come from. */
struct config_source {
    const char *path;
    const struct handler_schema *const *handlers; /* as config_load wants them */
    bool level_is_fixed;                          /* the command line has said what is logged */
    enum log_level level;                         /* if level_is_fixed */
};

/* The least important lines that are written with this configuration. */
enum log_level config_source_level(const struct config_source *source, const struct config *config);

/* The configuration in force and all that was made of it. */
struct in_force {
    struct config *config; /* what its routes held is the snapshot's */
    struct snapshot *snapshot;
    struct listener_set listeners;
};

/* Who has to know of another one. */
struct reload_receivers {
    struct worker **workers;
    unsigned worker_count;
    struct acceptor *acceptor; /* the main thread's; NULL: the only worker accepts */
    struct admission *admission;
    const struct server_companion *companion_kind;
    void *const *companion; /* may be opened later than this is filled in */
};

/* How a configuration differs from the one before. */
struct reload_changes {
    size_t listeners_kept;
    size_t listeners_added;
    size_t listeners_dropped;
    struct snapshot_changes routes;
};

/*
 * Reads the file again and puts it in force: *changes is filled, and `barrier` is passed when every
 * worker has gone over. On failure everything is as it was, the log says why, a line for each
 * error, and the same lines are appended to `errors`. Returns whether it went well.
 */
bool reload_begin(const struct config_source *source, struct in_force *in_force,
                  const struct reload_receivers *receivers, struct worker_barrier *barrier,
                  struct reload_changes *changes, struct text_list *errors);

/*
 * Reads the certificates of listener `index` again and uses them for new connections. On failure
 * the old ones stay in use, and the log says why. Returns whether it went well.
 */
bool reload_certificates(struct in_force *in_force, const struct reload_receivers *receivers,
                         size_t index);

/* Writes the configuration in force as config_dump does. False, and nothing is written, where
 * memory is short. */
bool reload_dump(const struct in_force *in_force, FILE *stream);

/* Logs where the sockets of a set listen, but for those that were kept. */
void reload_log_listening(const struct listener_set *set);

#endif

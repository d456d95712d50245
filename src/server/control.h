/*
 * The running server, as those see it who run beside it on the main thread: what they may look at,
 * and what they may tell it to do.
 */
#ifndef WSRELAYD_SERVER_CONTROL_H
#define WSRELAYD_SERVER_CONTROL_H

#include "base/mailbox.h"
#include "net/admission.h"
#include "relay/relay.h"
#include "server/reloader.h"
#include "server/worker.h"

#include <event2/event.h>
#include <stdbool.h>
#include <stdint.h>

struct server;

enum server_state { SERVER_SERVING, SERVER_DRAINING, SERVER_STOPPING };

/* Filled by the server before anything is served, and there for as long as it runs. The main
 * thread's, like all that the functions do. */
struct server_control {
    struct server *server;
    struct event_base *base; /* of the main thread */
    struct mailbox *mailbox; /* how mail comes back to the main thread; any thread may post */
    struct worker **workers; /* all are there until the companion has been closed */
    unsigned worker_count;
    const struct in_force *in_force; /* the configuration, and what was made of it */
    struct reloader *reloader;
    const struct admission *admission;
    const struct relay *relay;
    int64_t started_ms;      /* monotonic */
    int64_t started_unix_ms; /* since 1970 */

    enum server_state (*state)(const struct server *server);

    /* Begins to drain, as SIGUSR2 does. Without effect unless the server is serving. */
    void (*drain)(struct server *server);

    /* Whether the worker still takes mail: when it has ended it has no connections. */
    bool (*worker_runs)(const struct server *server, unsigned index);
};

/* Something that runs beside the workers on the main thread's event base. */
struct server_companion {
    /*
     * Opens what it needs, while the process has all its rights and one thread. Sets *companion,
     * which may be NULL. Returns 0, or -1 with the reason logged.
     */
    int (*open)(const struct server_control *control, void **companion);

    /*
     * A reload: reads anew what the configuration only names, and keeps it beside what is in use.
     * Returns 0, or -1 with the reason logged, which is then an error of the reload. end_reload
     * follows, in any case, and puts it into use or drops it. NULL is allowed in both.
     */
    int (*begin_reload)(void *companion);
    void (*end_reload)(void *companion, bool succeeded);

    /* Frees it; the workers' threads have ended. NULL is allowed. */
    void (*close)(void *companion);
};

#endif

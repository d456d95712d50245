/*
 * Who may ask for a reload, when it runs, and who is told of the result: the log, the service
 * manager, the counters (net/reload_counters.h) and whoever has asked. All of it belongs to the
 * main thread.
 *
 * One reload runs at a time. It is over when every worker has gone over to the new configuration,
 * so who is told of success finds it in force. What is asked for while one runs is answered by one
 * more run, which serves all of them.
 */
#ifndef WSRELAYD_SERVER_RELOADER_H
#define WSRELAYD_SERVER_RELOADER_H

#include "base/mailbox.h"
#include "server/reload.h"

#include <event2/event.h>
#include <stdbool.h>
#include <time.h>

struct heartbeat;
struct reloader;

struct reload_result {
    bool succeeded;
    time_t at;               /* when it was over */
    struct text_list errors; /* of one that has failed; as in the log */
};

/* `result` is valid during the call. */
typedef void reload_done(void *owner, const struct reload_result *result);

/* What a reloader works with; all of it outlives it. */
struct reloader_parts {
    struct event_base *base;
    struct mailbox *mailbox; /* the main thread's */
    const struct config_source *source;
    struct in_force *in_force;
    struct reload_receivers receivers;
    struct heartbeat *heartbeat;
    void (*reloaded)(void *owner); /* called when another configuration is in force */
    void *owner;
};

/* NULL when memory is short. */
struct reloader *reloader_create(const struct reloader_parts *parts);

/* After the workers have ended. Who still waits is not told. NULL is allowed. */
void reloader_free(struct reloader *reloader);

/*
 * Asks for a reload, which begins in the next turn of the main thread at the earliest. `done` is
 * called once, never from here; NULL: nobody wants to know. Returns false, and then it is not
 * called, when memory is short or the daemon stops.
 */
bool reloader_ask(struct reloader *reloader, reload_done *done, void *owner);

/* What `owner` has asked for is not answered any more. */
void reloader_forget(struct reloader *reloader, const void *owner);

/* The daemon stops: nothing is reloaded any more, and who waits for a run to begin is told so. */
void reloader_stop(struct reloader *reloader);

/* The last one, or NULL when there was none. Valid until the main thread's next turn. */
const struct reload_result *reloader_last(const struct reloader *reloader);

#endif

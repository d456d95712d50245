/*
 * The table of verbs.
 */
#include "ctl/verb.h"

#include "config/suggest.h"
#include "ctl/act.h"
#include "ctl/browse.h"
#include "ctl/live.h"
#include "ctl/show.h"

#include <string.h>

const struct verb verbs[] = {
    {"status", "", 0, 0, "what the daemon is doing, at a glance", show_status},
    {"config", "", 0, 0, "the configuration in force, as YAML", show_config},
    {"listeners", "", 0, 0, "where it listens for WebSocket connections", show_listeners},
    {"connections", "", 0, 0, "the connections that are there", browse_connections},
    {"rooms", "", 0, 0, "the rooms that are there, with the number of their members", browse_rooms},
    {"watch", "", 0, 0, "rates, rooms and slow readers, live; q ends it", live_watch},
    {"close", "ID", 1, 1, "close a connection", act_close},
    {"close-room", "NAMESPACE NAME", 2, 2, "close the connections of all members of a room",
     act_close_room},
    {"publish", "NAMESPACE NAME [DATA]", 2, 3,
     "send a message to a room's members; without DATA: standard input", act_publish},
    {"reload", "", 0, 0, "read the configuration anew; tells all its errors if there are any",
     act_reload},
    {"drain", "", 0, 0, "let the connections go, and end", act_drain},
    {"log-level", "[LEVEL]", 0, 1, "tell the log level, or change it", act_log_level},
    {"health", "", 0, 0, "exit status 0 if every worker is alive", show_health},
    {"ready", "", 0, 0, "exit status 0 if new connections are welcome", show_ready},
    {"metrics", "", 0, 0, "the metrics, as Prometheus reads them", show_metrics},
    {.name = NULL},
};

enum { VERBS = sizeof verbs / sizeof *verbs - 1 };

const struct verb *verb_find(const char *name)
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        if (strcmp(verb->name, name) == 0) {
            return verb;
        }
    }
    return NULL;
}

const char *verb_suggest(const char *name)
{
    const char *names[VERBS];

    for (size_t i = 0; i < VERBS; i++) {
        names[i] = verbs[i].name;
    }
    return suggest(name, names, VERBS);
}

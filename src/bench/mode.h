/*
 * What is done with connections: one of echo, fanout, connect, idle. All functions but those of
 * struct mode's first part run on the thread of the engine at hand.
 */
#ifndef WSRELAYD_BENCH_MODE_H
#define WSRELAYD_BENCH_MODE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct connection;
struct endpoint;
struct engine;

/* How a connection has ended. */
enum ending {
    ENDING_ORDERLY,
    ENDING_LOST,  /* what was under way did not come */
    ENDING_WRONG, /* this side did not want it any more */
};

struct mode {
    const char *name;
    const char *operation;   /* what is counted, in the singular */
    uint64_t connections;    /* the default */
    size_t connection_bytes; /* of the mode's own struct, which begins with a struct connection */
    bool opens_on_schedule;  /* connections are what a rate is of */
    bool measures_opening;   /* and not what comes then */

    /* Says what to open, before anything else. */
    void (*start)(struct engine *engine);

    /* The thread ends: frees what its state holds. May be NULL. */
    void (*stop)(struct engine *engine);

    /* Whether the next of those to be opened may begin. NULL: yes. */
    bool (*may_open)(struct engine *engine);

    /* Where the next connection goes. NULL: to the URL. */
    const struct endpoint *(*next_endpoint)(struct engine *engine);

    /* A connection is made, before anything happens to it. May be NULL. */
    void (*begun)(struct connection *connection);

    /* The load begins: what was to be opened is open. */
    void (*load)(struct engine *engine);

    /* Before each wait for events. */
    void (*tick)(struct engine *engine);

    /* Whether nothing is under way and, the load being what it is, nothing will be. */
    bool (*at_rest)(struct engine *engine);

    /* The server has accepted the connection. */
    void (*opened)(struct connection *connection);

    void (*received)(struct connection *connection, const uint8_t *bytes, size_t length);

    /* What the kernel did not take at once has gone. */
    void (*sent)(struct connection *connection);

    /* It is over. */
    void (*ended)(struct connection *connection, enum ending ending);

    /* Since when something has been due to come on an open connection; 0: nothing is. */
    uint64_t (*awaits_since)(struct connection *connection);
};

/* For a mode that has nothing to do when such a function is called. */
void mode_nothing_to_do(struct engine *engine);

/* Ended by NULL. */
extern const struct mode *const modes[];

const struct mode *mode_find(const char *name);

#endif

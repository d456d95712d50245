/*
 * Loads configurations that stand in a test, with two handlers that only have a schema.
 */
#ifndef WSRELAYD_TESTS_CONFIG_FIXTURE_H
#define WSRELAYD_TESTS_CONFIG_FIXTURE_H

#include "config/config.h"

/* A whole file but for what a test is about: it echoes on "/" at any free port. */
#define FIXTURE_LISTENERS "listeners: [{name: plain, address: ':0'}]\n"
#define FIXTURE_ROUTES    "routes: [{path: /, handler: echo}]\n"
#define FIXTURE_MINIMAL   FIXTURE_LISTENERS FIXTURE_ROUTES

/* "echo" without keys, and "broadcast", whose check refuses a room called "refused". */
extern const struct handler_schema *const fixture_handlers[];

/* The settings of "broadcast". */
struct fixture_settings {
    char *room;
    bool include_sender;
};

/*
 * Loads `text` as the file "test.yaml". What was printed is in fixture_messages afterwards, until
 * the next call.
 */
struct config *fixture_load(const char *text);
extern char *fixture_messages;

/* The same, with the check that config_load is given. */
struct config *fixture_load_checked(const char *text, void (*check)(const struct config *config,
                                                                    struct config_errors *errors));

/* Loads `text`, which is in order; anything that is printed fails the test. */
struct config *fixture_load_good(const char *text);

/* What config_dump writes, to be freed. */
char *fixture_dump(const struct config *config);

#endif

/*
 * Configurations of listeners for tests, and looking at what became of them.
 */
#ifndef WSRELAYD_TESTS_LISTENER_FIXTURE_H
#define WSRELAYD_TESTS_LISTENER_FIXTURE_H

#include "net/listener_set.h"

#include <stdbool.h>
#include <stddef.h>

/* Exit status of a child that could not do what it was made for. */
enum { LISTENER_CHILD_BROKEN = 100 };

enum { LISTENERS_MAX = 3, ADDRESSES_MAX = 4, LISTENER_PATH_BYTES = 96, LISTENER_LOG_BYTES = 4096 };

struct listener_fixture {
    struct config config;
    struct listener_config listeners[LISTENERS_MAX];
    char *addresses[LISTENERS_MAX][ADDRESSES_MAX];
    struct listener_set set;
};

void listener_add_address(struct listener_config *listener, const char *address);

struct listener_config *listener_add(struct listener_fixture *fixture, const char *name,
                                     const char *address);

void listener_fixture_free(struct listener_fixture *fixture);

void listener_make_path(char path[LISTENER_PATH_BYTES], const char *name);

void listener_make_unix_address(char address[LISTENER_PATH_BYTES], const char *name);

/* Whether anything, also a dead link, has this path. */
bool listener_path_exists(const char *path);

void listener_begin_log(void);

/* Everything that was logged since listener_begin_log; the number of its lines is returned. */
size_t listener_read_log(char text[LISTENER_LOG_BYTES]);

/* Opening must fail with exactly one line that has these parts, and leave nothing behind. */
void listener_assert_refused(struct listener_fixture *fixture, const char *part,
                             const char *other_part);

void listener_open_set(struct listener_fixture *fixture);

bool listener_accepts(const struct bound_socket *bound);

unsigned listener_port_of(const struct bound_socket *bound);

/*
 * For the rest of the process, answers a system call whose first argument, masked, is `value` with
 * an errno value, or with success for 0, instead of executing it.
 */
void listener_intercept(unsigned call, unsigned mask, unsigned value, unsigned error);

/* Runs `child` in a process of its own. Returns its exit status. */
int listener_run_child(int (*child)(const char *address), const char *address);

/* The directory in which the tests' sockets and log are: made before, removed after the tests. */
bool listener_directory_make(void);
void listener_directory_remove(void);

#endif

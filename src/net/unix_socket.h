/*
 * Unix sockets in the file system: who may connect, and what to do with a file that is in the way.
 */
#ifndef WSRELAYD_NET_UNIX_SOCKET_H
#define WSRELAYD_NET_UNIX_SOCKET_H

#include "config/config.h"

#include <stdbool.h>
#include <sys/un.h>

/* Look a listener's owner and group up; the id of none, a NULL name, is -1. Return NULL, or a
 * sentence that is valid until the next call. */
const char *unix_socket_find_user(const char *name, uid_t *id);
const char *unix_socket_find_group(const char *name, gid_t *id);

/* What would keep a socket from being bound at a path, but for who may listen there: a sentence
 * that is valid until the next call, or NULL. Nothing is touched. */
const char *unix_socket_problem(const char *path);

/*
 * Gives the file of a bound socket the owner, group and mode of `config`. Returns NULL, or a
 * sentence that is valid until the next call.
 */
const char *unix_socket_set_access(const char *path, const struct listener_config *config);

/*
 * Binds `fd` and gives the file the owner, group and mode of `config`. Nobody but this process's
 * user can connect before that is done. A socket that nobody listens on is replaced. Returns NULL,
 * or a sentence that is valid until the next call, and then no file has been left.
 */
const char *unix_socket_bind(int fd, const struct sockaddr_un *name,
                             const struct listener_config *config);

/* Who may use a unix socket. */
struct unix_socket_access {
    uid_t user;
    gid_t group;
    mode_t mode;
};

/*
 * Gives a socket that is there the owner, group and mode of `config`; *before is what it had, and
 * *changed whether that was another. One that is not there stays so. Returns NULL, or a sentence
 * that is valid until the next call, and then nothing has changed.
 */
const char *unix_socket_change_access(const char *path, const struct listener_config *config,
                                      struct unix_socket_access *before, bool *changed);

/* Takes that back as far as it goes. */
void unix_socket_restore_access(const char *path, const struct unix_socket_access *before);

#endif

/*
 * Unix sockets in the file system: who may connect, and what to do with a file that is in the way.
 */
#ifndef WSRELAYD_NET_UNIX_SOCKET_H
#define WSRELAYD_NET_UNIX_SOCKET_H

#include "config/config.h"

#include <sys/un.h>

/* The ids of a listener's owner and group, -1 for those that it does not name. */
struct unix_socket_owner {
    uid_t user;
    gid_t group;
};

/* Looks the names up. Returns NULL, or a static sentence. */
const char *unix_socket_find_owner(const struct listener_config *config,
                                   struct unix_socket_owner *owner);

/*
 * Binds `fd` and gives the file the owner, group and mode of `config`. Nobody but this process's
 * user can connect before that is done. A socket that nobody listens on is replaced. Sets the
 * process's umask for a moment: only while there is one thread. Returns NULL, or a sentence that
 * is valid until the next call, and then no file has been left.
 */
const char *unix_socket_bind(int fd, const struct sockaddr_un *name,
                             const struct listener_config *config);

#endif

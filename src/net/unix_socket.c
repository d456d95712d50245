/*
 * Binding unix sockets.
 */
#include "net/unix_socket.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Leaves reading and writing to the owner alone. */
enum { CREATION_UMASK = 0177 };

static const uid_t any_user = (uid_t)-1;
static const gid_t any_group = (gid_t)-1;

const char *unix_socket_find_owner(const struct listener_config *config,
                                   struct unix_socket_owner *owner)
{
    *owner = (struct unix_socket_owner){any_user, any_group};
    if (config->owner != NULL) {
        const struct passwd *user = getpwnam(config->owner);

        if (user == NULL) {
            return "the user that should own the socket does not exist";
        }
        owner->user = user->pw_uid;
    }
    if (config->group != NULL) {
        const struct group *group = getgrnam(config->group);

        if (group == NULL) {
            return "the group that should own the socket does not exist";
        }
        owner->group = group->gr_gid;
    }
    return NULL;
}

/* Connects to find out whether anybody listens. Returns 0, or an errno value. */
static int probe(const struct sockaddr_un *name)
{
    int fd = socket(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    int error = 0;

    if (fd < 0) {
        return errno;
    }
    if (connect(fd, (const struct sockaddr *)name, sizeof *name) != 0) {
        error = errno;
    }
    (void)close(fd);
    return error;
}

/* Removes a socket that a dead process left. Returns NULL when the path is free. */
static const char *clear_path(const struct sockaddr_un *name)
{
    struct stat status;
    int error;

    if (lstat(name->sun_path, &status) != 0) {
        return errno == ENOENT ? NULL : strerror(errno);
    }
    if (!S_ISSOCK(status.st_mode)) {
        return "the file exists and is not a socket";
    }
    error = probe(name);
    if (error == 0 || error == EAGAIN) { /* EAGAIN: its backlog is full */
        return "another process listens there";
    }
    if (error != ECONNREFUSED && error != ENOENT) {
        return strerror(error);
    }
    if (unlink(name->sun_path) != 0 && errno != ENOENT) {
        return strerror(errno);
    }
    return NULL;
}

/*
 * Owner first: the file must not be open to a group before it is the right group. Links are not
 * followed, as the directory may belong to somebody with fewer rights.
 */
static int set_access(const char *path, const struct unix_socket_owner *owner, mode_t mode)
{
    if ((owner->user != any_user || owner->group != any_group) &&
        fchownat(AT_FDCWD, path, owner->user, owner->group, AT_SYMLINK_NOFOLLOW) != 0) {
        return -1;
    }
    return fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

const char *unix_socket_bind(int fd, const struct sockaddr_un *name,
                             const struct listener_config *config)
{
    struct unix_socket_owner owner;
    const char *problem = unix_socket_find_owner(config, &owner);
    mode_t previous;
    int result;

    if (problem == NULL) {
        problem = clear_path(name);
    }
    if (problem != NULL) {
        return problem;
    }
    previous = umask(CREATION_UMASK);
    result = bind(fd, (const struct sockaddr *)name, sizeof *name);
    (void)umask(previous);
    if (result != 0) {
        return strerror(errno);
    }
    if (set_access(name->sun_path, &owner, config->mode) != 0) {
        problem = strerror(errno);
        (void)unlink(name->sun_path);
    }
    return problem;
}

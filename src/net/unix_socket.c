/*
 * Binding unix sockets.
 */
#include "net/unix_socket.h"

#include "base/file_access.h"

#include <errno.h>
#include <fcntl.h>
#include <grp.h>
#include <pwd.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <unistd.h>

/* Before the socket has its own mode: the owner alone. */
enum { CREATION_MODE = 0600, PROBLEM_BYTES = 280 };

static const uid_t any_user = (uid_t)-1;
static const gid_t any_group = (gid_t)-1;

/* A sentence that is valid until the next one. */
static const char *nobody_there(const char *what, const char *name)
{
    static char problem[PROBLEM_BYTES];

    snprintf(problem, sizeof problem, "the %s %.200s that should own the socket does not exist",
             what, name);
    return problem;
}

const char *unix_socket_find_user(const char *name, uid_t *id)
{
    const struct passwd *user = name != NULL ? getpwnam(name) : NULL;

    *id = user != NULL ? user->pw_uid : any_user;
    return name != NULL && user == NULL ? nobody_there("user", name) : NULL;
}

const char *unix_socket_find_group(const char *name, gid_t *id)
{
    const struct group *group = name != NULL ? getgrnam(name) : NULL;

    *id = group != NULL ? group->gr_gid : any_group;
    return name != NULL && group == NULL ? nobody_there("group", name) : NULL;
}

/* What is at a path: NULL with *exists set, or a sentence about what is in the way. */
static const char *look(const char *path, bool *exists)
{
    struct stat status;

    *exists = lstat(path, &status) == 0;
    if (!*exists) {
        return errno == ENOENT ? NULL : strerror(errno);
    }
    return S_ISSOCK(status.st_mode) ? NULL : "the file exists and is not a socket";
}

/* Of making the file: that something is missing means the directory. */
static const char *creation_problem(int error)
{
    return error == ENOENT ? "the directory does not exist" : strerror(error);
}

const char *unix_socket_problem(const char *path)
{
    bool exists;
    const char *problem = look(path, &exists);
    int error = problem == NULL ? file_creatable(path) : 0;

    return error != 0 ? creation_problem(error) : problem;
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
    bool exists;
    const char *problem = look(name->sun_path, &exists);
    int error;

    if (problem != NULL || !exists) {
        return problem;
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

/* Whether it is theirs already: then not even the right to change that is needed. */
static bool belongs_to(const char *path, uid_t user, gid_t group)
{
    struct stat status;

    return lstat(path, &status) == 0 && (user == any_user || user == status.st_uid) &&
           (group == any_group || group == status.st_gid);
}

/*
 * Owner first: the file must not be open to a group before it is the right group. Links are not
 * followed, as the directory may belong to somebody with fewer rights.
 */
static int set_access(const char *path, uid_t user, gid_t group, mode_t mode)
{
    if (!belongs_to(path, user, group) &&
        fchownat(AT_FDCWD, path, user, group, AT_SYMLINK_NOFOLLOW) != 0) {
        return -1;
    }
    return fchmodat(AT_FDCWD, path, mode, AT_SYMLINK_NOFOLLOW);
}

static const char *find_owners(const struct listener_config *config, uid_t *user, gid_t *group)
{
    const char *problem = unix_socket_find_user(config->owner, user);

    return problem != NULL ? problem : unix_socket_find_group(config->group, group);
}

const char *unix_socket_set_access(const char *path, const struct listener_config *config)
{
    uid_t user;
    gid_t group;
    const char *problem = find_owners(config, &user, &group);

    if (problem == NULL && set_access(path, user, group, config->mode) != 0) {
        problem = strerror(errno);
    }
    return problem;
}

const char *unix_socket_bind(int fd, const struct sockaddr_un *name,
                             const struct listener_config *config)
{
    uid_t user;
    gid_t group;
    const char *problem = find_owners(config, &user, &group);

    if (problem == NULL) {
        problem = clear_path(name);
    }
    if (problem != NULL) {
        return problem;
    }
    /* Linux creates the file with the mode of the socket; the umask is shared with other threads.
     */
    if (fchmod(fd, CREATION_MODE) != 0 ||
        bind(fd, (const struct sockaddr *)name, sizeof *name) != 0) {
        return creation_problem(errno);
    }
    if (set_access(name->sun_path, user, group, config->mode) != 0) {
        problem = strerror(errno);
        (void)unlink(name->sun_path);
    }
    return problem;
}

static bool differs(const struct unix_socket_access *wanted,
                    const struct unix_socket_access *present)
{
    return (wanted->user != any_user && wanted->user != present->user) ||
           (wanted->group != any_group && wanted->group != present->group) ||
           wanted->mode != present->mode;
}

void unix_socket_restore_access(const char *path, const struct unix_socket_access *before)
{
    (void)set_access(path, before->user, before->group, before->mode);
}

const char *unix_socket_change_access(const char *path, const struct listener_config *config,
                                      struct unix_socket_access *before, bool *changed)
{
    enum { PERMISSIONS = 07777 };
    struct unix_socket_access wanted = {.mode = config->mode};
    const char *problem = unix_socket_find_user(config->owner, &wanted.user);
    struct stat status;

    *changed = false;
    if (problem == NULL) {
        problem = unix_socket_find_group(config->group, &wanted.group);
    }
    if (problem != NULL || lstat(path, &status) != 0 || !S_ISSOCK(status.st_mode)) {
        return problem;
    }
    *before =
        (struct unix_socket_access){status.st_uid, status.st_gid, status.st_mode & PERMISSIONS};
    if (!differs(&wanted, before)) {
        return NULL;
    }
    if (set_access(path, wanted.user, wanted.group, wanted.mode) != 0) {
        problem = strerror(errno);
        unix_socket_restore_access(path, before);
        return problem;
    }
    *changed = true;
    return NULL;
}

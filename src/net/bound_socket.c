/*
 * Opening and closing listening sockets.
 */
#include "net/bound_socket.h"

#include "net/unix_socket.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

static bool fail(struct bound_socket_failure *failure, int error)
{
    *failure = (struct bound_socket_failure){error, strerror(error)};
    return false;
}

/* Binds to an address of the internet families. */
static int bind_internet(int fd, const struct address *address)
{
    const int on = 1;

    if (setsockopt(fd, SOL_SOCKET, SO_REUSEADDR, &on, sizeof on) != 0) {
        return -1;
    }
    if (address->storage.ss_family == AF_INET6 &&
        setsockopt(fd, IPPROTO_IPV6, IPV6_V6ONLY, &on, sizeof on) != 0) {
        return -1;
    }
    return bind(fd, (const struct sockaddr *)&address->storage, address->length);
}

static bool bind_address(int fd, const struct address *address,
                         const struct listener_config *config, struct bound_socket_failure *failure)
{
    if (address->storage.ss_family == AF_UNIX) {
        *failure = (struct bound_socket_failure){
            0, unix_socket_bind(fd, (const struct sockaddr_un *)&address->storage, config)};
        return failure->text == NULL;
    }
    return bind_internet(fd, address) == 0 || fail(failure, errno);
}

static void remove_file(const struct address *address)
{
    if (address->storage.ss_family == AF_UNIX) {
        (void)unlink(((const struct sockaddr_un *)&address->storage)->sun_path);
    }
}

/* Takes what an earlier process has stored for the address. */
static bool take_stored(struct bound_socket *bound, const struct listener_config *config,
                        struct bound_socket_failure *failure)
{
    const struct sockaddr_un *name = (const struct sockaddr_un *)&bound->address.storage;

    bound->stored = true;
    if (name->sun_family == AF_UNIX) {
        *failure = (struct bound_socket_failure){0, unix_socket_set_access(name->sun_path, config)};
        return failure->text == NULL;
    }
    return true;
}

/* Opens `bound` at its address, which its real address replaces. */
static bool open_socket(struct bound_socket *bound, const struct listener_config *config,
                        struct bound_socket_failure *failure)
{
    struct address *address = &bound->address;

    bound->fd = inherited_take_stored(address);
    if (bound->fd >= 0) {
        return take_stored(bound, config, failure);
    }
    bound->fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);
    if (bound->fd < 0) {
        return fail(failure, errno);
    }
    if (!bind_address(bound->fd, address, config, failure)) {
        (void)close(bound->fd);
        bound->fd = -1;
        return false;
    }
    address->length = sizeof address->storage;
    if (listen(bound->fd, LISTENER_BACKLOG) != 0 ||
        getsockname(bound->fd, (struct sockaddr *)&address->storage, &address->length) != 0) {
        (void)fail(failure, errno);
        *address = bound->wanted; /* what names the file that is to be removed */
        return false;
    }
    return true;
}

static void set_port(struct address *address, in_port_t port)
{
    if (address->storage.ss_family == AF_INET) {
        ((struct sockaddr_in *)&address->storage)->sin_port = port;
    } else if (address->storage.ss_family == AF_INET6) {
        ((struct sockaddr_in6 *)&address->storage)->sin6_port = port;
    }
}

static struct bound_socket *allocate(struct bound_socket_failure *failure)
{
    struct bound_socket *bound = calloc(1, sizeof *bound);

    if (bound == NULL) {
        (void)fail(failure, ENOMEM);
        return NULL;
    }
    atomic_init(&bound->references, 1);
    bound->fd = -1;
    return bound;
}

struct bound_socket *bound_socket_open(const struct address *wanted, in_port_t port,
                                       const struct listener_config *config,
                                       struct bound_socket_failure *failure)
{
    struct bound_socket *bound = allocate(failure);

    if (bound == NULL) {
        return NULL;
    }
    bound->wanted = *wanted;
    bound->address = *wanted;
    if (port != 0) {
        set_port(&bound->address, port);
    }
    if (!open_socket(bound, config, failure)) {
        bound_socket_release(bound);
        return NULL;
    }
    return bound;
}

enum inherited_outcome bound_socket_take(struct bound_socket **bound, const char *name,
                                         size_t *position, struct bound_socket_failure *failure)
{
    struct bound_socket *taken = allocate(failure);
    enum inherited_outcome outcome = INHERITED_UNFIT;

    if (taken != NULL) {
        taken->passed_name = strdup(name);
        *failure = (struct bound_socket_failure){ENOMEM, strerror(ENOMEM)};
    }
    if (taken != NULL && taken->passed_name != NULL) {
        failure->error = 0;
        outcome = inherited_take(name, position, &taken->fd, &taken->address, &failure->text);
        taken->wanted = taken->address;
    }
    if (outcome != INHERITED_TAKEN && taken != NULL) {
        bound_socket_release(taken);
        taken = NULL;
    }
    *bound = taken;
    return outcome;
}

/* Unlinked first: once it is closed the path may be another process's. */
void bound_socket_close(struct bound_socket *bound)
{
    if (bound->fd >= 0) {
        if (bound->passed_name == NULL && !bound->stored) {
            remove_file(&bound->address);
        }
        (void)close(bound->fd);
        bound->fd = -1;
    }
}

struct bound_socket *bound_socket_hold(struct bound_socket *bound)
{
    atomic_fetch_add_explicit(&bound->references, 1, memory_order_relaxed);
    return bound;
}

void bound_socket_release(struct bound_socket *bound)
{
    if (atomic_fetch_sub_explicit(&bound->references, 1, memory_order_acq_rel) == 1) {
        bound_socket_close(bound);
        free(bound->passed_name);
        free(bound);
    }
}

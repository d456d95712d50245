/*
 * Blocking sockets whose calls are given the time that is left.
 */
#include "ctl/dial.h"

#include "base/clock.h"
#include "config/address_syntax.h"
#include "ctl/lookup.h"
#include "ctl/memory.h"

#include <errno.h>
#include <stdlib.h>
#include <sys/socket.h>
#include <sys/un.h>
#include <unistd.h>

/* Gives the next call on a socket the time that is left; fails when there is none. */
static bool allow(int fd, int option, int64_t deadline_ms)
{
    int64_t left_ms = deadline_ms - clock_monotonic_ms();
    struct timeval time = {.tv_sec = left_ms / 1000, .tv_usec = left_ms % 1000 * 1000};

    if (deadline_ms == DIAL_NEVER) {
        return true;
    }
    if (left_ms <= 0) {
        errno = ETIMEDOUT;
        return false;
    }
    return setsockopt(fd, SOL_SOCKET, option, &time, sizeof time) == 0;
}

/* What the kernel says when the time has passed becomes ETIMEDOUT. */
static void name_timeout(void)
{
    if (errno == EAGAIN || errno == EWOULDBLOCK || errno == EINPROGRESS) {
        errno = ETIMEDOUT;
    }
}

static int connect_to(const struct sockaddr *address, socklen_t length, int64_t deadline_ms)
{
    int fd = socket(address->sa_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int error;

    if (fd < 0) {
        return -1;
    }
    if (allow(fd, SO_SNDTIMEO, deadline_ms) && connect(fd, address, length) == 0) {
        return fd;
    }
    name_timeout();
    error = errno;
    close(fd);
    errno = error;
    return -1;
}

static int dial_unix(const char *path, int64_t deadline_ms)
{
    struct sockaddr_un address = {.sun_family = AF_UNIX};

    strncpy(address.sun_path, path, sizeof address.sun_path - 1);
    return connect_to((const struct sockaddr *)&address, sizeof address, deadline_ms);
}

/* Without the brackets of an IPv6 address; NULL, which is this machine, where there is none. To be
 * freed. */
static char *host_of(const char *address, const char *colon)
{
    size_t length = (size_t)(colon - address);

    if (length == 0) {
        return NULL;
    }
    return memory_got(address[0] == '[' ? strndup(address + 1, length - 2)
                                        : strndup(address, length));
}

static int dial_host(const char *address, int64_t deadline_ms, const char **problem)
{
    const char *colon = strrchr(address, ':');
    char *host = host_of(address, colon);
    struct addrinfo *found = NULL;
    bool is_found = lookup(host, colon + 1, deadline_ms, &found, problem);
    int error = errno;
    int fd = -1;

    free(host);
    if (!is_found) {
        errno = error;
        return -1;
    }
    for (const struct addrinfo *each = found; each != NULL && fd < 0; each = each->ai_next) {
        fd = connect_to(each->ai_addr, each->ai_addrlen, deadline_ms);
    }
    error = errno;
    freeaddrinfo(found);
    errno = error;
    return fd;
}

int dial(const char *address, int64_t deadline_ms, const char **problem)
{
    int fd;

    *problem = NULL;
    fd = address_syntax_is_unix(address) ? dial_unix(address + strlen("unix:"), deadline_ms)
                                         : dial_host(address, deadline_ms, problem);
    if (fd < 0 && *problem == NULL) {
        *problem = strerror(errno);
    }
    return fd;
}

bool dial_send(int fd, struct slice bytes, int64_t deadline_ms)
{
    while (bytes.length > 0) {
        ssize_t sent = allow(fd, SO_SNDTIMEO, deadline_ms)
                           ? send(fd, bytes.data, bytes.length, MSG_NOSIGNAL)
                           : -1;

        if (sent < 0 && errno != EINTR) {
            name_timeout();
            return false;
        }
        if (sent > 0) {
            bytes = (struct slice){bytes.data + sent, bytes.length - (size_t)sent};
        }
    }
    return true;
}

ssize_t dial_receive(int fd, char *buffer, size_t size, int64_t deadline_ms)
{
    ssize_t received;

    do {
        received = allow(fd, SO_RCVTIMEO, deadline_ms) ? recv(fd, buffer, size, 0) : -1;
    } while (received < 0 && errno == EINTR);
    if (received < 0) {
        name_timeout();
    }
    return received;
}

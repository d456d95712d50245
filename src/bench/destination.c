/*
 * Resolving, binding and connecting.
 */
#include "bench/destination.h"

#include <arpa/inet.h>
#include <errno.h>
#include <fcntl.h>
#include <netdb.h>
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <stdio.h>
#include <sys/time.h>
#include <sys/un.h>
#include <unistd.h>

/* ---- where to ---- */

static const char *resolve_unix(const struct url *url, struct destination *destination)
{
    struct sockaddr_un *address = (struct sockaddr_un *)&destination->address;

    if (url->host.length >= sizeof address->sun_path) {
        return "the path is too long for a socket";
    }
    address->sun_family = AF_UNIX;
    memcpy(address->sun_path, url->host.data, url->host.length);
    destination->length = sizeof *address;
    return NULL;
}

static void take(struct destination *destination, const struct addrinfo *address)
{
    memcpy(&destination->address, address->ai_addr, address->ai_addrlen);
    destination->length = address->ai_addrlen;
}

/* Whether something listens there. */
static bool accepts(const struct addrinfo *address)
{
    int fd = socket(address->ai_family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    bool connected = fd >= 0 && connect(fd, address->ai_addr, address->ai_addrlen) == 0;

    if (fd >= 0) {
        close(fd);
    }
    return connected;
}

static const char *resolve_host(const char *host, const char *port, struct destination *destination)
{
    static const struct addrinfo hints = {.ai_socktype = SOCK_STREAM};
    struct addrinfo *addresses;
    const struct addrinfo *address;
    int failure = getaddrinfo(host, port, &hints, &addresses);

    if (failure != 0) {
        return gai_strerror(failure);
    }
    address = addresses;
    while (addresses->ai_next != NULL && address != NULL && !accepts(address)) {
        address = address->ai_next;
    }
    take(destination, address != NULL ? address : addresses);
    freeaddrinfo(addresses);
    return NULL;
}

const char *destination_resolve(const struct url *url, struct destination *destination)
{
    char host[256];
    char port[8];

    memset(destination, 0, sizeof *destination);
    if (url->scheme == URL_UNIX) {
        return resolve_unix(url, destination);
    }
    if (url->host.length >= sizeof host) {
        return "the host's name is too long";
    }
    snprintf(host, sizeof host, "%.*s", (int)url->host.length, url->host.data);
    snprintf(port, sizeof port, "%d", url->port);
    return resolve_host(host, port, destination);
}

/* ---- where from ---- */

static bool parse_source(struct slice text, struct destination *source)
{
    struct sockaddr_in *v4 = (struct sockaddr_in *)&source->address;
    struct sockaddr_in6 *v6 = (struct sockaddr_in6 *)&source->address;
    char address[INET6_ADDRSTRLEN];

    if (text.length >= sizeof address) {
        return false;
    }
    snprintf(address, sizeof address, "%.*s", (int)text.length, text.data);
    if (inet_pton(AF_INET, address, &v4->sin_addr) == 1) {
        v4->sin_family = AF_INET;
        source->length = sizeof *v4;
        return true;
    }
    v6->sin6_family = AF_INET6;
    source->length = sizeof *v6;
    return inet_pton(AF_INET6, address, &v6->sin6_addr) == 1;
}

bool sources_parse(const char *text, struct sources *sources)
{
    memset(sources, 0, sizeof *sources);
    for (;;) {
        size_t length = strcspn(text, ",");

        if (sources->count == SOURCES_MAX ||
            !parse_source((struct slice){text, length}, &sources->addresses[sources->count++])) {
            return false;
        }
        if (text[length] == '\0') {
            return true;
        }
        text += length + 1;
    }
}

/* ---- connecting ---- */

static int prepare_tcp(int fd, const struct destination *source)
{
    int on = 1;

    setsockopt(fd, IPPROTO_TCP, TCP_NODELAY, &on, sizeof on);
    if (source == NULL) {
        return 0;
    }
    /* The port is chosen with the destination, so that every source has all ports for each. */
    setsockopt(fd, IPPROTO_IP, IP_BIND_ADDRESS_NO_PORT, &on, sizeof on);
    return bind(fd, (const struct sockaddr *)&source->address, source->length);
}

/* connect of a unix socket does not go on in the background: it waits, or fails with EAGAIN. */
static int connect_unix(int fd, const struct destination *destination, double timeout_s)
{
    struct timeval timeout = {.tv_sec = (time_t)timeout_s + 1};

    if (setsockopt(fd, SOL_SOCKET, SO_SNDTIMEO, &timeout, sizeof timeout) < 0 ||
        connect(fd, (const struct sockaddr *)&destination->address, destination->length) < 0) {
        return -1;
    }
    return fcntl(fd, F_SETFL, O_RDWR | O_NONBLOCK);
}

static int connect_tcp(int fd, const struct destination *destination,
                       const struct destination *source)
{
    if (prepare_tcp(fd, source) < 0) {
        return -1;
    }
    if (connect(fd, (const struct sockaddr *)&destination->address, destination->length) < 0) {
        return errno == EINPROGRESS ? 0 : -1;
    }
    return 0;
}

int destination_connect(const struct destination *destination, const struct destination *source,
                        double timeout_s)
{
    int family = destination->address.ss_family;
    bool is_unix = family == AF_UNIX;
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC | (is_unix ? 0 : SOCK_NONBLOCK), 0);
    int failed;

    if (fd < 0) {
        return -1;
    }
    failed =
        is_unix ? connect_unix(fd, destination, timeout_s) : connect_tcp(fd, destination, source);
    if (failed < 0) {
        int error = errno;

        close(fd);
        errno = error;
        return -1;
    }
    return fd;
}

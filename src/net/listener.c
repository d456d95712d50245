/*
 * Opening and closing listening sockets.
 */
#include "net/listener.h"

#include "base/log.h"
#include "config/address_syntax.h"
#include "net/inherited.h"
#include "net/unix_socket.h"

#include <errno.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* How often a port that the kernel chose for one family may be taken in the other. */
enum { FREE_PORT_ATTEMPTS = 16 };

/* Why a socket could not be opened. */
struct failure {
    int error;        /* errno value, or 0 where `sentence` says it all */
    const char *text; /* for the log; valid until the next failure */
};

/* What is being opened. */
struct opening {
    struct listener_set *set;
    const struct listener_config *config;
    struct tls_context *tls;
};

enum outcome { OPENED, FAILED, PORT_TAKEN };

static void log_failure(const struct listener_config *config, const char *address,
                        const char *error)
{
    log_error("cannot listen", LOG_TEXT("listener", config->name), LOG_TEXT("address", address),
              LOG_TEXT("error", error));
}

/* The port of an address, in network order, or NULL for a unix socket. */
static in_port_t *port_of(struct address *address)
{
    if (address->storage.ss_family == AF_INET) {
        return &((struct sockaddr_in *)&address->storage)->sin_port;
    }
    if (address->storage.ss_family == AF_INET6) {
        return &((struct sockaddr_in6 *)&address->storage)->sin6_port;
    }
    return NULL;
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
                         const struct listener_config *config, struct failure *failure)
{
    if (address->storage.ss_family == AF_UNIX) {
        failure->text = unix_socket_bind(fd, (const struct sockaddr_un *)&address->storage, config);
        return failure->text == NULL;
    }
    if (bind_internet(fd, address) != 0) {
        *failure = (struct failure){errno, strerror(errno)};
        return false;
    }
    return true;
}

static void remove_file(const struct address *address)
{
    if (address->storage.ss_family == AF_UNIX) {
        (void)unlink(((const struct sockaddr_un *)&address->storage)->sun_path);
    }
}

/* A bound and listening socket, whose real address replaces *address, or -1 with *failure set. */
static int open_socket(struct address *address, const struct listener_config *config,
                       struct failure *failure)
{
    int fd = socket(address->storage.ss_family, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0);

    *failure = (struct failure){0};
    if (fd < 0) {
        *failure = (struct failure){errno, strerror(errno)};
        return -1;
    }
    if (!bind_address(fd, address, config, failure)) {
        (void)close(fd);
        return -1;
    }
    address->length = sizeof address->storage;
    if (listen(fd, LISTENER_BACKLOG) != 0 ||
        getsockname(fd, (struct sockaddr *)&address->storage, &address->length) != 0) {
        *failure = (struct failure){errno, strerror(errno)};
        remove_file(address);
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* The same, or the socket that an earlier process has opened and stored. */
static int open_or_take(struct listener *listener, struct failure *failure)
{
    int fd = inherited_take_stored(&listener->address);

    if (fd < 0) {
        return open_socket(&listener->address, listener->config, failure);
    }
    listener->stored = true;
    *failure = (struct failure){0};
    if (listener->address.storage.ss_family == AF_UNIX) {
        const struct sockaddr_un *name = (const struct sockaddr_un *)&listener->address.storage;

        failure->text = unix_socket_set_access(name->sun_path, listener->config);
    }
    if (failure->text != NULL) {
        (void)close(fd);
        return -1;
    }
    return fd;
}

/* Whether the machine lacks a family: then even its loopback address cannot be bound. */
static bool family_missing(sa_family_t family)
{
    struct sockaddr_in ipv4 = {.sin_family = AF_INET, .sin_addr.s_addr = htonl(INADDR_LOOPBACK)};
    struct sockaddr_in6 ipv6 = {.sin6_family = AF_INET6, .sin6_addr = IN6ADDR_LOOPBACK_INIT};
    int fd = socket(family, SOCK_STREAM | SOCK_CLOEXEC, 0);
    int result;

    if (fd < 0) {
        return errno == EAFNOSUPPORT;
    }
    result = family == AF_INET ? bind(fd, (struct sockaddr *)&ipv4, sizeof ipv4)
                               : bind(fd, (struct sockaddr *)&ipv6, sizeof ipv6);
    result = result != 0 && errno == EADDRNOTAVAIL;
    (void)close(fd);
    return result;
}

static bool passed_over(const struct opening *opening, const struct address *address,
                        const struct failure *failure)
{
    char text[ADDRESS_TEXT_BYTES];

    if ((failure->error != EAFNOSUPPORT && failure->error != EADDRNOTAVAIL) ||
        !family_missing(address->storage.ss_family)) {
        return false;
    }
    address_format(address, text);
    log_notice("address family missing, passed over", LOG_TEXT("listener", opening->config->name),
               LOG_TEXT("address", text));
    return true;
}

/* Makes room for one more socket. */
static bool reserve(struct listener_set *set)
{
    struct listener *grown = reallocarray(set->listeners, set->count + 1, sizeof *set->listeners);

    if (grown == NULL) {
        return false;
    }
    set->listeners = grown;
    return true;
}

/* Closes the sockets behind the first `count`, newest first. */
static void close_down_to(struct listener_set *set, size_t count)
{
    while (set->count > count) {
        struct listener *listener = &set->listeners[--set->count];

        /* Unlinked first: once it is closed the path may be another process's. */
        if (!listener->inherited && !listener->stored) {
            remove_file(&listener->address);
        }
        (void)close(listener->fd);
    }
}

static void log_bind_failure(const struct opening *opening, const struct address *address,
                             const char *error)
{
    char text[ADDRESS_TEXT_BYTES];

    address_format(address, text);
    log_failure(opening->config, text, error);
}

/*
 * Opens the addresses that one text stands for. Where they ask for any free port, the first gets
 * one from the kernel and the others the same, which PORT_TAKEN says that they could not have.
 */
static enum outcome open_addresses(const struct opening *opening, const struct address *addresses,
                                   size_t count)
{
    in_port_t chosen = 0;

    for (size_t i = 0; i < count; i++) {
        struct listener listener = {
            .address = addresses[i], .config = opening->config, .tls = opening->tls};
        in_port_t *port = port_of(&listener.address);
        bool follows = port != NULL && *port == 0 && chosen != 0;
        struct failure failure;

        if (!reserve(opening->set)) {
            log_bind_failure(opening, &addresses[i], strerror(ENOMEM));
            return FAILED;
        }
        if (follows) {
            *port = chosen;
        }
        listener.fd = open_or_take(&listener, &failure);
        if (listener.fd >= 0) {
            opening->set->listeners[opening->set->count++] = listener;
            chosen = port != NULL ? *port : 0;
        } else if (follows && failure.error == EADDRINUSE) {
            return PORT_TAKEN;
        } else if (!passed_over(opening, &addresses[i], &failure)) {
            log_bind_failure(opening, &addresses[i], failure.text);
            return FAILED;
        }
    }
    return OPENED;
}

/* Takes all sockets that were passed under a name. Returns whether it went well. */
static bool open_inherited(const struct opening *opening, const char *text)
{
    const char *name = address_syntax_passed_name(text);
    const char *problem = strerror(ENOMEM);
    enum inherited_outcome outcome = INHERITED_TAKEN;
    size_t position = 0;

    while (outcome == INHERITED_TAKEN) {
        struct listener listener = {
            .config = opening->config, .tls = opening->tls, .inherited = true};

        outcome = reserve(opening->set)
                      ? inherited_take(name, &position, &listener.fd, &listener.address, &problem)
                      : INHERITED_UNFIT;
        if (outcome == INHERITED_TAKEN) {
            opening->set->listeners[opening->set->count++] = listener;
        }
    }
    if (outcome == INHERITED_UNFIT) {
        log_failure(opening->config, text, problem);
    }
    return outcome != INHERITED_UNFIT;
}

/* Opens what one line of the configuration names. Returns whether it went well. */
static bool open_text(const struct opening *opening, const char *text)
{
    struct address addresses[ADDRESS_RESULTS_MAX];
    const char *error;
    size_t before = opening->set->count;
    size_t count = address_resolve(text, addresses, &error);

    if (count == 0) {
        log_failure(opening->config, text, error);
        return false;
    }
    for (int attempt = 0; attempt < FREE_PORT_ATTEMPTS; attempt++) {
        enum outcome outcome = open_addresses(opening, addresses, count);

        if (outcome != PORT_TAKEN) {
            return outcome == OPENED;
        }
        close_down_to(opening->set, before);
    }
    log_failure(opening->config, text, "no port is free in both address families");
    return false;
}

static void log_tls_line(void *argument, enum log_level level, const char *key, const char *line)
{
    const struct opening *opening = argument;
    const char *name = opening->config->name;

    (void)key;
    if (level == LOG_LEVEL_ERROR) {
        log_error("cannot set TLS up", LOG_TEXT("listener", name), LOG_TEXT("error", line));
    } else {
        log_warning("certificate", LOG_TEXT("listener", name), LOG_TEXT("warning", line));
    }
}

/* Opens one listener, with its TLS context, and goes on after a failure to report all of them. */
static bool open_listener(struct listener_set *set, const struct listener_config *config)
{
    struct opening opening = {.set = set, .config = config};
    size_t before = set->count;
    bool good = true;

    if (config->tls != NULL) {
        opening.tls = tls_context_create(config->tls, log_tls_line, &opening);
        good = opening.tls != NULL;
    }
    set->contexts[set->context_count++] = opening.tls;
    for (size_t i = 0; i < config->addresses.count; i++) {
        const char *text = config->addresses.items[i];

        good = (address_syntax_passed_name(text) != NULL ? open_inherited(&opening, text)
                                                         : open_text(&opening, text)) &&
               good;
    }
    if (good && set->count == before) {
        log_error("no address of the listener can be bound", LOG_TEXT("listener", config->name));
        good = false;
    }
    return good;
}

int listener_set_open(struct listener_set *set, const struct config *config)
{
    bool good = true;

    *set = (struct listener_set){0};
    set->contexts = calloc(config->listener_count, sizeof(struct tls_context *));
    if (set->contexts == NULL) {
        log_error("cannot listen", LOG_TEXT("error", strerror(ENOMEM)));
        return -1;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        good = open_listener(set, &config->listeners[i]) && good;
    }
    if (!good) {
        listener_set_free(set);
        return -1;
    }
    return 0;
}

void listener_set_close_sockets(struct listener_set *set)
{
    close_down_to(set, 0);
}

void listener_set_free(struct listener_set *set)
{
    listener_set_close_sockets(set);
    for (size_t i = 0; i < set->context_count; i++) {
        tls_context_free(set->contexts[i]);
    }
    free(set->contexts);
    free(set->listeners);
    *set = (struct listener_set){0};
}

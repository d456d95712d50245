/*
 * Opening the sockets of a whole configuration, and keeping those that are there.
 */
#include "net/listener_set.h"

#include "base/log.h"
#include "config/address_syntax.h"
#include "net/socket_options.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>
#include <unistd.h>

/* How often a port that the kernel chose for one family may be taken in the other. */
enum { FREE_PORT_ATTEMPTS = 16 };

/* What is being opened. */
struct opening {
    struct listener_set *set;
    const struct listener_set *previous; /* or NULL */
    const struct listener_config *config;
    struct listener *listener; /* NULL: it could not be made, and its sockets are only tried */
};

enum outcome { OPENED, FAILED, PORT_TAKEN };

static void log_failure(const struct listener_config *config, const char *address,
                        const char *error)
{
    log_error("cannot listen", LOG_TEXT("listener", config->name), LOG_TEXT("address", address),
              LOG_TEXT("error", error));
}

static void log_bind_failure(const struct opening *opening, const struct address *address,
                             const char *error)
{
    char text[ADDRESS_TEXT_BYTES];

    address_format(address, text);
    log_failure(opening->config, text, error);
}

/* ---- what is passed over ---- */

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
                        const struct bound_socket_failure *failure)
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

/* ---- what is kept ---- */

/* The port of an address, in network order; 0 for a unix socket, which has none. */
static in_port_t port_of(const struct address *address)
{
    if (address->storage.ss_family == AF_INET) {
        return ((const struct sockaddr_in *)&address->storage)->sin_port;
    }
    if (address->storage.ss_family == AF_INET6) {
        return ((const struct sockaddr_in6 *)&address->storage)->sin6_port;
    }
    return 0;
}

int listener_set_open_one(struct listener_set *set, const struct listener_config *config)
{
    struct config alone = {.listeners = (struct listener_config *)(uintptr_t)config,
                           .listener_count = 1};

    return listener_set_open(set, &alone, NULL);
}

bool listener_set_has(const struct listener_set *set, const struct bound_socket *bound)
{
    for (size_t i = 0; i < set->count; i++) {
        if (set->sockets[i].bound == bound) {
            return true;
        }
    }
    return false;
}

/* Any free port is the same one again for the listener that has got it, and for no other. */
static bool serves(const struct listening *listening, const struct address *wanted,
                   const char *listener_name)
{
    const struct bound_socket *bound = listening->bound;

    if (wanted->storage.ss_family != AF_UNIX && port_of(wanted) == 0) {
        return address_equal(&bound->wanted, wanted) &&
               strcmp(listening->listener->name, listener_name) == 0;
    }
    return address_equal(&bound->wanted, wanted) || address_equal(&bound->address, wanted);
}

/* A socket that listens at this address already and has not been taken for another one. */
static struct bound_socket *find_kept(const struct opening *opening, const struct address *wanted)
{
    const struct listener_set *previous = opening->previous;

    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        struct bound_socket *bound = previous->sockets[i].bound;

        if (serves(&previous->sockets[i], wanted, opening->config->name) &&
            !listener_set_has(opening->set, bound)) {
            return bound_socket_hold(bound);
        }
    }
    return NULL;
}

/* The same, of sockets that were passed under a name. */
static struct bound_socket *find_kept_passed(const struct opening *opening, const char *name)
{
    const struct listener_set *previous = opening->previous;

    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        struct bound_socket *bound = previous->sockets[i].bound;

        if (bound->passed_name != NULL && strcmp(bound->passed_name, name) == 0 &&
            !listener_set_has(opening->set, bound)) {
            return bound_socket_hold(bound);
        }
    }
    return NULL;
}

/* The same, of sockets of this listener for which a host name was looked up. */
static struct bound_socket *find_kept_looked_up(const struct opening *opening, const char *text)
{
    const struct listener_set *previous = opening->previous;

    for (size_t i = 0; previous != NULL && i < previous->count; i++) {
        const struct listening *listening = &previous->sockets[i];

        if (listening->looked_up != NULL && strcmp(listening->looked_up, text) == 0 &&
            strcmp(listening->listener->name, opening->config->name) == 0 &&
            !listener_set_has(opening->set, listening->bound)) {
            return bound_socket_hold(listening->bound);
        }
    }
    return NULL;
}

/* ---- opening ---- */

/* Makes room for one more socket. */
static bool reserve(struct listener_set *set)
{
    struct listening *grown = reallocarray(set->sockets, set->count + 1, sizeof *set->sockets);

    if (grown == NULL) {
        return false;
    }
    set->sockets = grown;
    return true;
}

/* Gives the sockets behind the first `count` back, newest first. */
static void release_down_to(struct listener_set *set, size_t count)
{
    while (set->count > count) {
        struct listening *last = &set->sockets[--set->count];

        bound_socket_release(last->bound);
        listener_release(last->listener);
    }
}

static void add_socket(const struct opening *opening, struct bound_socket *bound, bool kept)
{
    struct listener_set *set = opening->set;
    struct listener *listener = opening->listener;

    set->sockets[set->count++] =
        (struct listening){.bound = bound,
                           .listener = listener != NULL ? listener_hold(listener) : NULL,
                           .kept = kept};
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
        bool follows = port_of(&addresses[i]) == 0 && chosen != 0;
        struct bound_socket_failure failure = {ENOMEM, strerror(ENOMEM)};
        struct bound_socket *bound;
        bool kept;

        if (!reserve(opening->set)) {
            log_bind_failure(opening, &addresses[i], strerror(ENOMEM));
            return FAILED;
        }
        bound = find_kept(opening, &addresses[i]);
        kept = bound != NULL;
        if (!kept) {
            bound =
                bound_socket_open(&addresses[i], follows ? chosen : 0, opening->config, &failure);
        }
        if (bound != NULL) {
            add_socket(opening, bound, kept);
            chosen = port_of(&bound->address);
        } else if (follows && failure.error == EADDRINUSE) {
            return PORT_TAKEN;
        } else if (!passed_over(opening, &addresses[i], &failure)) {
            log_bind_failure(opening, &addresses[i], failure.text);
            return FAILED;
        }
    }
    return OPENED;
}

typedef struct bound_socket *find_kept_by_name(const struct opening *opening, const char *name);

/* Keeps all that were there under a name before; false when there are none, or with *failure. */
static bool keep_all(const struct opening *opening, find_kept_by_name *find, const char *name,
                     struct bound_socket_failure *failure)
{
    struct bound_socket *bound = find(opening, name);
    bool kept = bound != NULL;

    while (bound != NULL) {
        if (!reserve(opening->set)) {
            bound_socket_release(bound);
            *failure = (struct bound_socket_failure){ENOMEM, strerror(ENOMEM)};
            return false;
        }
        add_socket(opening, bound, true);
        bound = find(opening, name);
    }
    return kept;
}

/* Opens what a text stands for once it has been looked up. Returns whether it went well. */
static bool open_resolved(const struct opening *opening, const char *text)
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
        release_down_to(opening->set, before);
    }
    log_failure(opening->config, text, "no port is free in both address families");
    return false;
}

/*
 * Opens what one line of the configuration names. A host name that was there before is not looked
 * up again: that may take long, and this thread has more to do. Returns whether it went well.
 */
static bool open_text(const struct opening *opening, const char *text)
{
    struct listener_set *set = opening->set;
    struct bound_socket_failure failure = {0};
    size_t before = set->count;
    bool is_name = address_needs_resolver(text);
    bool good = is_name && keep_all(opening, find_kept_looked_up, text, &failure);

    if (failure.text != NULL) {
        log_failure(opening->config, text, failure.text);
    } else if (!good) {
        good = open_resolved(opening, text);
    }
    for (size_t i = before; is_name && i < set->count; i++) {
        set->sockets[i].looked_up = text;
    }
    return good;
}

/* Takes all sockets that were passed under a name. Returns whether it went well. */
static bool take_passed(const struct opening *opening, const char *name,
                        struct bound_socket_failure *failure)
{
    enum inherited_outcome outcome = INHERITED_TAKEN;
    size_t position = 0;

    while (outcome == INHERITED_TAKEN) {
        struct bound_socket *bound;

        if (!reserve(opening->set)) {
            *failure = (struct bound_socket_failure){ENOMEM, strerror(ENOMEM)};
            return false;
        }
        outcome = bound_socket_take(&bound, name, &position, failure);
        if (outcome == INHERITED_TAKEN) {
            add_socket(opening, bound, false);
        }
    }
    return outcome == INHERITED_NONE_LEFT;
}

/* Opens what systemd:NAME stands for. Returns whether it went well. */
static bool open_passed(const struct opening *opening, const char *text)
{
    const char *name = address_syntax_passed_name(text);
    struct bound_socket_failure failure = {0};
    bool good = keep_all(opening, find_kept_passed, name, &failure) ||
                (failure.text == NULL && take_passed(opening, name, &failure));

    if (!good) {
        log_failure(opening->config, text, failure.text);
    }
    return good;
}

/* The listener that had the name before, or NULL. */
static const struct listener *find_previous(const struct listener_set *previous, const char *name)
{
    for (size_t i = 0; previous != NULL && i < previous->listener_count; i++) {
        if (strcmp(previous->listeners[i]->name, name) == 0) {
            return previous->listeners[i];
        }
    }
    return NULL;
}

/* Opens one listener, with its certificates, and goes on after a failure to report all of them. */
static bool open_listener(struct listener_set *set, const struct listener_set *previous,
                          const struct listener_config *config)
{
    struct opening opening = {.set = set, .previous = previous, .config = config};
    size_t before = set->count;
    bool good;

    opening.listener = listener_create(config, find_previous(previous, config->name));
    set->listeners[set->listener_count++] = opening.listener;
    good = opening.listener != NULL;
    for (size_t i = 0; i < config->addresses.count; i++) {
        const char *text = config->addresses.items[i];

        good = (address_syntax_passed_name(text) != NULL ? open_passed(&opening, text)
                                                         : open_text(&opening, text)) &&
               good;
    }
    if (good && set->count == before) {
        log_error("no address of the listener can be bound", LOG_TEXT("listener", config->name));
        good = false;
    }
    return good;
}

int listener_set_open(struct listener_set *set, const struct config *config,
                      const struct listener_set *previous)
{
    bool good = true;

    *set = (struct listener_set){0};
    set->listeners = calloc(config->listener_count, sizeof(struct listener *));
    if (set->listeners == NULL) {
        log_error("cannot listen", LOG_TEXT("error", strerror(ENOMEM)));
        return -1;
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        good = open_listener(set, previous, &config->listeners[i]) && good;
    }
    if (!good) {
        listener_set_free(set);
        return -1;
    }
    return 0;
}

/* ---- who may use unix sockets ---- */

static const char *path_of(const struct bound_socket *bound)
{
    return ((const struct sockaddr_un *)&bound->wanted.storage)->sun_path;
}

static const struct listener_config *config_of(const struct listener_set *set,
                                               const struct config *config,
                                               const struct listener *listener)
{
    size_t i = 0;

    while (set->listeners[i] != listener) {
        i++;
    }
    return &config->listeners[i];
}

/* Returns whether it went well. */
static bool change_access(struct listening *listening, const struct listener_config *config)
{
    const char *path = path_of(listening->bound);
    const char *problem = unix_socket_change_access(path, config, &listening->access_before,
                                                    &listening->access_changed);

    if (problem != NULL) {
        log_error("cannot change who may use a unix socket", LOG_TEXT("listener", config->name),
                  LOG_TEXT("path", path), LOG_TEXT("error", problem));
    }
    return problem == NULL;
}

static void restore_access(const struct listener_set *set)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct listening *listening = &set->sockets[i];

        if (listening->access_changed) {
            unix_socket_restore_access(path_of(listening->bound), &listening->access_before);
        }
    }
}

int listener_set_change_access(struct listener_set *set, const struct config *config)
{
    bool good = true;

    for (size_t i = 0; i < set->count; i++) {
        struct listening *listening = &set->sockets[i];

        if (listening->kept && listening->bound->passed_name == NULL &&
            listening->bound->wanted.storage.ss_family == AF_UNIX) {
            good = change_access(listening, config_of(set, config, listening->listener)) && good;
        }
    }
    if (!good) {
        restore_access(set);
        return -1;
    }
    return 0;
}

/* ---- new certificates ---- */

/* Adds the sockets of a listener to a set that has its successor. */
static bool keep_sockets(struct listener_set *renewed, const struct listener_set *set, size_t index)
{
    const struct opening opening = {.set = renewed, .listener = renewed->listeners[index]};

    for (size_t i = 0; i < set->count; i++) {
        if (set->sockets[i].listener == set->listeners[index]) {
            if (!reserve(renewed)) {
                return false;
            }
            add_socket(&opening, bound_socket_hold(set->sockets[i].bound), true);
            renewed->sockets[renewed->count - 1].looked_up = set->sockets[i].looked_up;
        }
    }
    return true;
}

const struct listener *listener_set_find_unusable(const struct listener_set *set)
{
    for (size_t i = 0; i < set->listener_count; i++) {
        if (set->listeners[i]->failed_mark != 0) {
            return set->listeners[i];
        }
    }
    return NULL;
}

int listener_set_renew(struct listener_set *renewed, const struct listener_set *set,
                       const struct config *config, size_t index)
{
    bool good = true;

    *renewed = (struct listener_set){0};
    renewed->listeners = calloc(set->listener_count, sizeof(struct listener *));
    if (renewed->listeners == NULL) {
        return -1;
    }
    for (size_t i = 0; good && i < set->listener_count; i++) {
        struct listener *old = set->listeners[i];
        struct listener *listener =
            i == index ? listener_create(&config->listeners[i], old) : listener_hold(old);

        renewed->listeners[renewed->listener_count++] = listener;
        good = listener != NULL && keep_sockets(renewed, set, i);
    }
    if (!good) {
        listener_set_free(renewed);
        return -1;
    }
    return 0;
}

void listener_set_inherit(const struct listener_set *set, int64_t send_ms)
{
    for (size_t i = 0; i < set->count; i++) {
        const struct bound_socket *bound = set->sockets[i].bound;

        if (bound->address.storage.ss_family != AF_UNIX) {
            socket_options_send_at_once(bound->fd);
            socket_options_set_send_timeout(bound->fd, send_ms);
        }
    }
}

/* ---- the end ---- */

void listener_set_free(struct listener_set *set)
{
    release_down_to(set, 0);
    for (size_t i = 0; i < set->listener_count; i++) {
        listener_release(set->listeners[i]);
    }
    free(set->listeners);
    free(set->sockets);
    *set = (struct listener_set){0};
}

/*
 * Checking listeners, and comparing their addresses with each other.
 */
#include "net/listener_check.h"

#include "config/address_syntax.h"
#include "config/config.h"
#include "config/errors.h"
#include "net/address.h"
#include "net/tls.h"
#include "net/unix_socket.h"

#include <netinet/in.h>
#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { PATH_BYTES = 128, NAME_BYTES = 48, NO_PORT = -1 };

/* One of the socket addresses that a text of the file stands for. */
struct use {
    struct address address; /* all zero for a socket that will be passed */
    const char *text;       /* of the file */
    size_t listener;        /* its index; that behind the last is the admin listener's */
    size_t item;            /* of the listener's addresses */
};

struct checking {
    const struct config *config;
    struct config_errors *errors;
    size_t listener; /* the one that is being looked at */
    struct use *uses;
    size_t use_count;
    size_t use_capacity;
};

/* ---- each by itself ---- */

/* Its path in the file. */
static void name_listener(const struct checking *checking, size_t listener, char name[NAME_BYTES])
{
    if (listener < checking->config->listener_count) {
        snprintf(name, NAME_BYTES, "listeners[%zu]", listener);
    } else {
        snprintf(name, NAME_BYTES, "admin");
    }
}

static const struct listener_config *find_listener(const struct checking *checking, size_t listener)
{
    return listener < checking->config->listener_count ? &checking->config->listeners[listener]
                                                       : &checking->config->admin->listener;
}

static void __attribute__((format(printf, 3, 4)))
make_path(const struct checking *checking, char path[PATH_BYTES], const char *format, ...)
{
    char owner[PATH_BYTES];
    int length;
    va_list arguments;

    name_listener(checking, checking->listener, owner);
    length = snprintf(path, PATH_BYTES, "%s.", owner);

    va_start(arguments, format);
    vsnprintf(path + length, PATH_BYTES - (size_t)length, format, arguments);
    va_end(arguments);
}

static void report(const struct checking *checking, const char *key, const char *problem)
{
    char path[PATH_BYTES];

    if (problem != NULL) {
        make_path(checking, path, "%s", key);
        config_value_error(checking->errors, path, "%s", problem);
    }
}

static void check_owner(const struct checking *checking, const struct listener_config *config)
{
    uid_t user;
    gid_t group;

    report(checking, "owner", unix_socket_find_user(config->owner, &user));
    report(checking, "group", unix_socket_find_group(config->group, &group));
}

static void check_tls_line(void *argument, enum log_level level, const char *key, const char *line)
{
    const struct checking *checking = argument;
    char path[PATH_BYTES];

    make_path(checking, path, "tls%s%s", key[0] == '\0' ? "" : ".", key);
    if (level == LOG_LEVEL_ERROR) {
        config_value_error(checking->errors, path, "%s", line);
    } else {
        config_value_warning(checking->errors, path, "%s", line);
    }
}

/* ---- addresses ---- */

/* The port of an address; of a unix socket there is none, and of a free one 0. */
static int port_of(const struct address *address)
{
    if (address->storage.ss_family == AF_INET) {
        return ntohs(((const struct sockaddr_in *)&address->storage)->sin_port);
    }
    if (address->storage.ss_family == AF_INET6) {
        return ntohs(((const struct sockaddr_in6 *)&address->storage)->sin6_port);
    }
    return NO_PORT;
}

/* Whether it stands for all addresses of its family. */
static bool is_wildcard(const struct address *address)
{
    if (address->storage.ss_family == AF_INET) {
        return ((const struct sockaddr_in *)&address->storage)->sin_addr.s_addr == INADDR_ANY;
    }
    return address->storage.ss_family == AF_INET6 &&
           IN6_IS_ADDR_UNSPECIFIED(&((const struct sockaddr_in6 *)&address->storage)->sin6_addr);
}

static bool add_use(struct checking *checking, const struct address *address, const char *text,
                    size_t item)
{
    if (checking->use_count == checking->use_capacity) {
        size_t capacity = 2 * checking->use_capacity + 16;
        struct use *grown = reallocarray(checking->uses, capacity, sizeof *grown);

        if (grown == NULL) {
            return false;
        }
        checking->uses = grown;
        checking->use_capacity = capacity;
    }
    checking->uses[checking->use_count++] = (struct use){*address, text, checking->listener, item};
    return true;
}

/* Resolves one text and notes what it stands for. Returns what is wrong with it, or NULL. */
static const char *check_address(struct checking *checking, const char *text, size_t item)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *problem = NULL;
    bool passed = address_syntax_passed_name(text) != NULL;
    size_t count = passed ? 1 : address_resolve(text, results, &problem);

    if (passed) { /* what it is bound to only shows when it is there */
        memset(&results[0], 0, sizeof results[0]);
    }
    if (count > 0 && results[0].storage.ss_family == AF_UNIX) {
        problem = unix_socket_problem(((const struct sockaddr_un *)&results[0].storage)->sun_path);
    }
    for (size_t i = 0; i < count; i++) {
        if (port_of(&results[i]) != 0 && !add_use(checking, &results[i], text, item)) {
            return "out of memory";
        }
    }
    return problem;
}

static void check_addresses(struct checking *checking, const struct string_list *addresses)
{
    for (size_t i = 0; i < addresses->count; i++) {
        const char *problem = check_address(checking, addresses->items[i], i);
        char path[PATH_BYTES];

        if (problem != NULL) {
            make_path(checking, path, "address[%zu]", i);
            config_value_error(checking->errors, path, "\"%s\": %s", addresses->items[i], problem);
        }
    }
}

/* ---- and together ---- */

static int order(int left, int right)
{
    return (left > right) - (left < right);
}

/* By family and port: whatever differs in one of them never collides. */
static int compare_ports(const struct use *left, const struct use *right)
{
    int families = order(left->address.storage.ss_family, right->address.storage.ss_family);

    return families != 0 ? families : order(port_of(&left->address), port_of(&right->address));
}

/* What an address leaves of its storage is zero. Sockets that will be passed differ by name. */
static int compare_addresses(const struct use *left, const struct use *right)
{
    const unsigned char *a = (const unsigned char *)&left->address.storage;
    const unsigned char *b = (const unsigned char *)&right->address.storage;

    if (left->address.storage.ss_family == AF_UNSPEC) {
        return strcmp(left->text, right->text);
    }
    return memcmp(a, b, sizeof left->address.storage);
}

/* Uses of one port stand together, the wildcard before the others, equal ones as in the file. */
static int compare_uses(const void *left, const void *right)
{
    const struct use *a = left;
    const struct use *b = right;
    const int orders[] = {
        compare_ports(a, b),
        order(is_wildcard(&b->address), is_wildcard(&a->address)),
        compare_addresses(a, b),
        (a->listener > b->listener) - (a->listener < b->listener),
        (a->item > b->item) - (a->item < b->item),
    };
    size_t i = 0;

    while (i + 1 < sizeof orders / sizeof *orders && orders[i] == 0) {
        i++;
    }
    return orders[i];
}

static void report_collision(struct checking *checking, const struct use *use,
                             const struct use *other)
{
    char path[PATH_BYTES];
    char owner[NAME_BYTES];

    checking->listener = use->listener;
    make_path(checking, path, "address[%zu]", use->item);
    name_listener(checking, other->listener, owner);
    config_value_error(checking->errors, path, "\"%s\" cannot be bound beside \"%s\" of %s",
                       use->text, other->text, owner);
}

/* IPv4 and IPv6 are bound apart, so that only uses of one family collide. */
static void check_collisions(struct checking *checking)
{
    const struct use *first = checking->uses; /* of those of one port */

    if (checking->use_count > 0) {
        qsort(checking->uses, checking->use_count, sizeof *checking->uses, compare_uses);
    }
    for (size_t i = 1; i < checking->use_count; i++) {
        const struct use *use = &checking->uses[i];

        if (compare_ports(first, use) != 0) {
            first = use;
        } else if (is_wildcard(&first->address)) {
            report_collision(checking, use, first);
        } else if (compare_addresses(use - 1, use) == 0) {
            report_collision(checking, use, use - 1);
        }
    }
}

void listener_check(const struct config *config, struct config_errors *errors)
{
    struct checking checking = {.config = config, .errors = errors};
    size_t count = config->listener_count + (config->admin != NULL ? 1 : 0);

    for (size_t i = 0; i < count; i++) {
        const struct listener_config *listener = find_listener(&checking, i);

        checking.listener = i;
        check_addresses(&checking, &listener->addresses);
        check_owner(&checking, listener);
        if (listener->tls != NULL) {
            tls_context_free(tls_context_create(listener->tls, check_tls_line, &checking));
        }
    }
    check_collisions(&checking);
    free(checking.uses);
}

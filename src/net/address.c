/*
 * Reading and writing socket addresses. Names other than "localhost" are asked of the resolver,
 * which may block for seconds.
 */
#include "net/address.h"

#include <arpa/inet.h>
#include <inttypes.h>
#include <netdb.h>
#include <netinet/in.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <strings.h>
#include <sys/un.h>

enum { PORT_DIGITS_MAX = 5, PORT_MAX = 65535 };

static const char unix_prefix[] = "unix:";

/* Hosts that stand for both families, in the order in which they are bound. */
static const struct {
    const char *host;
    const char *addresses[2];
} both_families[] = {
    {"", {"::", "0.0.0.0"}},
    {"localhost", {"127.0.0.1", "::1"}},
};

/* "host:port" cut in two. */
struct host_port {
    char host[NI_MAXHOST];
    const char *port;
    bool bracketed;
};

/* Addresses as they are found. */
struct found {
    struct address *results; /* ADDRESS_RESULTS_MAX of room */
    size_t count;
    const char *error; /* NULL: none */
};

static size_t resolve_unix(const char *path, struct address *result, const char **error)
{
    struct sockaddr_un *name = (struct sockaddr_un *)&result->storage;
    size_t length = strlen(path);

    if (path[0] != '/') {
        *error = "the path after unix: must be absolute";
        return 0;
    }
    if (length >= sizeof name->sun_path) {
        *error = "the path is longer than the 107 bytes that a unix socket may have";
        return 0;
    }
    memset(result, 0, sizeof *result);
    name->sun_family = AF_UNIX;
    memcpy(name->sun_path, path, length + 1);
    result->length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + length + 1);
    return 1;
}

static bool port_valid(const char *port)
{
    size_t digits = strspn(port, "0123456789");

    return digits > 0 && digits <= PORT_DIGITS_MAX && port[digits] == '\0' &&
           strtol(port, NULL, 10) <= PORT_MAX;
}

/* Cuts `text` at its last colon and takes brackets off. Returns NULL, or what is wrong with it. */
static const char *split(const char *text, struct host_port *parts)
{
    const char *colon = strrchr(text, ':');
    const char *host = text;
    size_t length;

    if (colon == NULL) {
        return "the port is missing (write host:port, [v6]:port, :port or unix:/path)";
    }
    length = (size_t)(colon - text);
    parts->bracketed = text[0] == '[';
    if (parts->bracketed) {
        if (length < 3 || text[length - 1] != ']') {
            return "an IPv6 address is written as [address]:port";
        }
        host++;
        length -= 2;
    } else if (memchr(text, ':', length) != NULL) {
        return "an IPv6 address must stand in brackets, as in [::1]:8080";
    }
    if (length >= sizeof parts->host) {
        return "the host name is too long";
    }
    memcpy(parts->host, host, length);
    parts->host[length] = '\0';
    parts->port = colon + 1;
    return port_valid(parts->port) ? NULL : "the port must be a number from 0 to 65535";
}

static bool already_found(const struct found *found, const struct addrinfo *info)
{
    for (size_t i = 0; i < found->count; i++) {
        const struct address *known = &found->results[i];

        if (known->length == info->ai_addrlen &&
            memcmp(&known->storage, info->ai_addr, info->ai_addrlen) == 0) {
            return true;
        }
    }
    return false;
}

static void add(struct found *found, const struct addrinfo *info)
{
    struct address *result;

    if (already_found(found, info)) { /* a hosts file may list a name twice */
        return;
    }
    if (found->count == ADDRESS_RESULTS_MAX) {
        found->error = "the host name has too many addresses";
        return;
    }
    result = &found->results[found->count++];
    memset(result, 0, sizeof *result);
    memcpy(&result->storage, info->ai_addr, info->ai_addrlen);
    result->length = info->ai_addrlen;
}

/* Asks the resolver, or only the parser of numbers with AI_NUMERICHOST in `flags`. */
static void look_up(struct found *found, const char *host, const char *port, int family, int flags)
{
    const struct addrinfo hints = {
        .ai_family = family,
        .ai_socktype = SOCK_STREAM,
        .ai_flags = AI_PASSIVE | AI_NUMERICSERV | flags,
    };
    struct addrinfo *list;
    int status = getaddrinfo(host, port, &hints, &list);

    if (status != 0) {
        found->error = gai_strerror(status);
        return;
    }
    for (const struct addrinfo *info = list; info != NULL; info = info->ai_next) {
        add(found, info);
    }
    freeaddrinfo(list);
}

/* Hosts of the table above. Returns false for any other. */
static bool look_up_both_families(struct found *found, const struct host_port *parts)
{
    for (size_t i = 0; i < sizeof both_families / sizeof *both_families; i++) {
        if (strcasecmp(parts->host, both_families[i].host) == 0) {
            for (size_t j = 0; j < 2; j++) {
                look_up(found, both_families[i].addresses[j], parts->port, AF_UNSPEC,
                        AI_NUMERICHOST);
            }
            return true;
        }
    }
    return false;
}

/* Whatever is no host name. Returns false for one, which only the resolver knows. */
static bool look_up_without_asking(struct found *found, const struct host_port *parts)
{
    if (parts->bracketed) {
        look_up(found, parts->host, parts->port, AF_INET6, AI_NUMERICHOST);
        return true;
    }
    if (look_up_both_families(found, parts)) {
        return true;
    }
    look_up(found, parts->host, parts->port, AF_UNSPEC, AI_NUMERICHOST);
    if (found->error == NULL) {
        return true;
    }
    found->error = NULL;
    return false;
}

bool address_needs_resolver(const char *text)
{
    struct address results[ADDRESS_RESULTS_MAX];
    struct found found = {.results = results};
    struct host_port parts;

    return strncmp(text, unix_prefix, sizeof unix_prefix - 1) != 0 && split(text, &parts) == NULL &&
           !look_up_without_asking(&found, &parts);
}

size_t address_resolve(const char *text, struct address *results, const char **error)
{
    struct found found = {.results = results};
    struct host_port parts;

    if (strncmp(text, unix_prefix, sizeof unix_prefix - 1) == 0) {
        return resolve_unix(text + sizeof unix_prefix - 1, results, error);
    }
    found.error = split(text, &parts);
    if (found.error == NULL && !look_up_without_asking(&found, &parts)) {
        look_up(&found, parts.host, parts.port, AF_UNSPEC, 0);
    }
    if (found.error != NULL) {
        *error = found.error;
        return 0;
    }
    return found.count;
}

static void format_ipv4(const struct sockaddr_in *name, char text[ADDRESS_TEXT_BYTES])
{
    char host[INET_ADDRSTRLEN];

    inet_ntop(AF_INET, &name->sin_addr, host, sizeof host);
    snprintf(text, ADDRESS_TEXT_BYTES, "%s:%u", host, ntohs(name->sin_port));
}

static void format_ipv6(const struct sockaddr_in6 *name, char text[ADDRESS_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN];
    char zone[16] = "";

    inet_ntop(AF_INET6, &name->sin6_addr, host, sizeof host);
    if (name->sin6_scope_id != 0) {
        snprintf(zone, sizeof zone, "%%%" PRIu32, name->sin6_scope_id);
    }
    snprintf(text, ADDRESS_TEXT_BYTES, "[%s%s]:%u", host, zone, ntohs(name->sin6_port));
}

/*
 * The kernel need not terminate the path, and an abstract name begins with a NUL byte, which is
 * shown as '@'.
 */
static void format_unix(const struct sockaddr_un *name, size_t path_bytes,
                        char text[ADDRESS_TEXT_BYTES])
{
    bool abstract = path_bytes > 1 && name->sun_path[0] == '\0';
    const char *path = abstract ? name->sun_path + 1 : name->sun_path;
    size_t room = abstract ? path_bytes - 1 : path_bytes;

    snprintf(text, ADDRESS_TEXT_BYTES, "%s%s%.*s", unix_prefix, abstract ? "@" : "",
             (int)strnlen(path, room), path);
}

void address_format(const struct address *address, char text[ADDRESS_TEXT_BYTES])
{
    const void *name = &address->storage;
    size_t path_offset = offsetof(struct sockaddr_un, sun_path);

    if (address->storage.ss_family == AF_INET) {
        format_ipv4(name, text);
    } else if (address->storage.ss_family == AF_INET6) {
        format_ipv6(name, text);
    } else if (address->storage.ss_family == AF_UNIX) {
        format_unix(name, address->length > path_offset ? address->length - path_offset : 0, text);
    } else {
        snprintf(text, ADDRESS_TEXT_BYTES, "unknown");
    }
}

bool address_equal(const struct address *left, const struct address *right)
{
    return left->length == right->length &&
           memcmp(&left->storage, &right->storage, left->length) == 0;
}

static bool covers_ipv4(const struct sockaddr_in *bound, const struct sockaddr_in *local)
{
    return bound->sin_port == local->sin_port && (bound->sin_addr.s_addr == htonl(INADDR_ANY) ||
                                                  bound->sin_addr.s_addr == local->sin_addr.s_addr);
}

static bool covers_ipv6(const struct sockaddr_in6 *bound, const struct sockaddr_in6 *local)
{
    return bound->sin6_port == local->sin6_port &&
           (IN6_IS_ADDR_UNSPECIFIED(&bound->sin6_addr) ||
            IN6_ARE_ADDR_EQUAL(&bound->sin6_addr, &local->sin6_addr));
}

bool address_covers(const struct address *bound, const struct address *local)
{
    const void *left = &bound->storage;
    const void *right = &local->storage;

    if (bound->storage.ss_family != local->storage.ss_family) {
        return false;
    }
    switch (bound->storage.ss_family) {
    case AF_INET:
        return covers_ipv4(left, right);
    case AF_INET6:
        return covers_ipv6(left, right);
    default:
        return address_equal(bound, local);
    }
}

bool address_is_local(const struct address *address)
{
    const struct sockaddr_in *v4 = (const struct sockaddr_in *)&address->storage;
    const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)&address->storage;

    switch (address->storage.ss_family) {
    case AF_INET:
        return ntohl(v4->sin_addr.s_addr) >> IN_CLASSA_NSHIFT == IN_LOOPBACKNET;
    case AF_INET6:
        return IN6_IS_ADDR_LOOPBACK(&v6->sin6_addr);
    default:
        return true;
    }
}

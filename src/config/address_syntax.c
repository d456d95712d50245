/*
 * Checks how addresses are written, so that a mistake is found with its line and column.
 */
#include "config/address_syntax.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

#define UNIX_PREFIX     "unix:"
#define SYSTEMD_PREFIX  "systemd:"
#define DIGITS          "0123456789"
#define HOST_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ" DIGITS "-._"

enum { PORT_MAX = 65535, PORT_MAX_DIGITS = 5, HOST_MAX_BYTES = 253, SOCKET_NAME_MAX_BYTES = 255 };

bool address_syntax_is_unix(const char *text)
{
    return strncmp(text, UNIX_PREFIX, strlen(UNIX_PREFIX)) == 0;
}

const char *address_syntax_passed_name(const char *text)
{
    size_t length = strlen(SYSTEMD_PREFIX);

    return strncmp(text, SYSTEMD_PREFIX, length) == 0 ? text + length : NULL;
}

/* What FileDescriptorName= of systemd.socket(5) allows. */
static const char *passed_name_problem(const char *name)
{
    if (name[0] == '\0') {
        return "the name that the socket unit has as FileDescriptorName= is missing";
    }
    if (strlen(name) > SOCKET_NAME_MAX_BYTES) {
        return "the name of a passed socket has at most 255 bytes";
    }
    for (const char *c = name; *c != '\0'; c++) {
        if (*c < ' ' || *c > '~' || *c == ':') {
            return "the name of a passed socket is printable ASCII without colons";
        }
    }
    return NULL;
}

static const char *unix_problem(const char *path)
{
    if (path[0] != '/') {
        return "the path of a unix socket must begin with /";
    }
    if (strlen(path) >= sizeof(((struct sockaddr_un *)NULL)->sun_path)) {
        return "the path of a unix socket must be shorter than 108 bytes";
    }
    return NULL;
}

static const char *port_problem(const char *port)
{
    size_t digits = strspn(port, DIGITS);

    if (digits == 0 || port[digits] != '\0' || digits > PORT_MAX_DIGITS ||
        strtol(port, NULL, 10) > PORT_MAX) {
        return "the port must be a number from 0 to 65535";
    }
    return NULL;
}

/* `text` begins with "[". A zone ("%eth0") is left for the resolver to judge. */
static const char *bracketed_problem(const char *text)
{
    char host[INET6_ADDRSTRLEN];
    struct in6_addr address;
    size_t length = strcspn(text + 1, "]%");
    const char *end = strchr(text, ']');

    if (end == NULL || end[1] != ':') {
        return "an IPv6 address is written [address]:port";
    }
    if (length >= sizeof host) {
        return "not an IPv6 address";
    }
    memcpy(host, text + 1, length);
    host[length] = '\0';
    return inet_pton(AF_INET6, host, &address) == 1 ? port_problem(end + 2) : "not an IPv6 address";
}

static const char *host_problem(const char *text, const char *colon)
{
    size_t length = (size_t)(colon - text);

    if (strchr(colon + 1, ':') != NULL) {
        return "an IPv6 address is written [address]:port";
    }
    if (length == 1 && text[0] == '*') {
        return "for all addresses leave the host out, as in :8080";
    }
    if (length > HOST_MAX_BYTES || strspn(text, HOST_CHARACTERS) != length) {
        return "not a host name or an IPv4 address";
    }
    return NULL;
}

const char *address_syntax_problem(const char *text)
{
    const char *colon = strchr(text, ':');
    const char *passed_name = address_syntax_passed_name(text);
    const char *problem;

    if (passed_name != NULL) {
        return passed_name_problem(passed_name);
    }
    if (address_syntax_is_unix(text)) {
        return unix_problem(text + strlen(UNIX_PREFIX));
    }
    if (text[0] == '[') {
        return bracketed_problem(text);
    }
    if (text[0] == '/') {
        return "a unix socket has unix: in front of its path, as in unix:/run/wsrelayd/ws.sock";
    }
    if (strstr(text, "://") != NULL) {
        return "an address has no scheme: write host:port, as in localhost:8080";
    }
    if (text[strspn(text, DIGITS)] == '\0') {
        return "a port stands behind a colon, as in localhost:8080 or :8080";
    }
    if (colon == NULL) {
        return "not an address (host:port, [v6]:port, :port, unix:/path or systemd:NAME)";
    }
    problem = host_problem(text, colon);
    return problem != NULL ? problem : port_problem(colon + 1);
}

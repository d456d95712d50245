/*
 * Host patterns are compared as lower-case bytes, without a port, IPv6 addresses with brackets.
 */
#include "config/host_pattern.h"

#include <arpa/inet.h>
#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

enum { HOST_MAX_BYTES = 255 };

static bool is_ipv6_literal(const char *text)
{
    char address[INET6_ADDRSTRLEN];
    struct in6_addr parsed;
    size_t length = strlen(text);

    if (length < 3 || length - 2 >= sizeof address || text[length - 1] != ']') {
        return false;
    }
    memcpy(address, text + 1, length - 2);
    address[length - 2] = '\0';
    return inet_pton(AF_INET6, address, &parsed) == 1;
}

/* Whether the text is labels between single dots. */
static bool is_name(const char *text)
{
    size_t label = strspn(text, NAME_CHARACTERS);

    while (label > 0 && text[label] == '.') {
        text += label + 1;
        label = strspn(text, NAME_CHARACTERS);
    }
    return label > 0 && text[label] == '\0';
}

const char *host_pattern_problem(const char *text)
{
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

    if (strlen(text) > HOST_MAX_BYTES) {
        return "longer than 255 bytes";
    }
    if (text[0] == '[') {
        return is_ipv6_literal(text) ? NULL : "not an IPv6 address in brackets";
    }
    if (strchr(name, ':') != NULL) {
        return "a host is given without a port";
    }
    if (strchr(name, '*') != NULL) {
        return "* may stand only for the first labels, as in *.example.org";
    }
    return is_name(name) ? NULL : "not a host name";
}

bool host_pattern_covers(const char *wide, const char *narrow)
{
    if (wide == NULL) {
        return true;
    }
    if (narrow == NULL) {
        return false;
    }
    if (strncmp(wide, "*.", 2) != 0) {
        return strcmp(wide, narrow) == 0;
    }
    /* "*.example.org" takes every name that ends with ".example.org". */
    size_t suffix_length = strlen(wide + 1);
    size_t length = strlen(narrow);
    return length > suffix_length && strcmp(narrow + length - suffix_length, wide + 1) == 0;
}

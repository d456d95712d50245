/*
 * Hosts and ports.
 */
#include "protocol/authority.h"

#include "protocol/uri.h"

#include <arpa/inet.h>
#include <stdint.h>
#include <stdio.h>

enum { PORT_MAX = 65535, IPV6_BYTES = 16 };

/* The length of the host at the start of the text, 0 when there is none. */
static size_t host_length(struct slice text)
{
    const char *bracket;
    size_t length = 0;

    if (text.length > 0 && text.data[0] == '[') {
        bracket = memchr(text.data, ']', text.length);
        return bracket == NULL ? 0 : (size_t)(bracket - text.data) + 1;
    }
    while (length < text.length && uri_is_unreserved(text.data[length])) {
        length++;
    }
    return length;
}

/* The bytes of an address as text. A longer text is none, nor is one with a NUL in it. */
static bool parse_address(int family, struct slice text, uint8_t address[IPV6_BYTES])
{
    char terminated[INET6_ADDRSTRLEN];

    if (text.length >= sizeof terminated || memchr(text.data, '\0', text.length) != NULL) {
        return false;
    }
    memcpy(terminated, text.data, text.length);
    terminated[text.length] = '\0';
    return inet_pton(family, terminated, address) == 1;
}

static bool parse_bracketed(struct slice host, uint8_t address[IPV6_BYTES])
{
    if (host.length < 2 || host.data[0] != '[' || host.data[host.length - 1] != ']') {
        return false;
    }
    return parse_address(AF_INET6, (struct slice){host.data + 1, host.length - 2}, address);
}

static bool parse_port(struct slice digits, int *port)
{
    int value = 0;

    for (size_t i = 0; i < digits.length; i++) {
        char digit = digits.data[i];

        if (digit < '0' || digit > '9') {
            return false;
        }
        value = value * 10 + (digit - '0');
        if (value > PORT_MAX) {
            return false;
        }
    }
    *port = digits.length > 0 ? value : AUTHORITY_NO_PORT;
    return true;
}

bool authority_parse(struct slice text, struct authority *authority)
{
    struct authority parsed = {{text.data, host_length(text)}, AUTHORITY_NO_PORT};
    struct slice rest = {text.data + parsed.host.length, text.length - parsed.host.length};
    uint8_t address[IPV6_BYTES];

    if (parsed.host.length == 0 ||
        (text.data[0] == '[' && !parse_bracketed(parsed.host, address))) {
        return false;
    }
    if (rest.length > 0) {
        if (rest.data[0] != ':' ||
            !parse_port((struct slice){rest.data + 1, rest.length - 1}, &parsed.port)) {
            return false;
        }
    }
    *authority = parsed;
    return true;
}

struct slice authority_write_host(char *target, struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[IPV6_BYTES];

    if (parse_bracketed(host, address)) {
        inet_ntop(AF_INET6, address, text, sizeof text);
        return (struct slice){target, (size_t)sprintf(target, "[%s]", text)};
    }
    return slice_write_lower(target, host);
}

bool authority_is_address(struct slice host)
{
    uint8_t address[IPV6_BYTES];

    return parse_bracketed(host, address) || parse_address(AF_INET, host, address);
}

/*
 * Hosts and ports.
 */
#include "protocol/authority.h"

#include "protocol/uri.h"

#include <arpa/inet.h>
#include <stdint.h>

enum { PORT_MAX = 65535 };

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

static bool is_bracketed_ipv6(struct slice host)
{
    char text[INET6_ADDRSTRLEN];
    uint8_t address[16];
    size_t length = host.length - 2;

    if (host.length < 2 || length >= sizeof text || memchr(host.data, '\0', host.length) != NULL) {
        return false;
    }
    memcpy(text, host.data + 1, length);
    text[length] = '\0';
    return inet_pton(AF_INET6, text, address) == 1;
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

    if (parsed.host.length == 0 || (text.data[0] == '[' && !is_bracketed_ipv6(parsed.host))) {
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

/*
 * Origins: scheme, host, port.
 */
#include "protocol/origin.h"

#include "protocol/authority.h"

#include <stdio.h>

struct origin {
    struct slice scheme;
    struct slice host;
    int port; /* the scheme's default where none is written */
};

static const struct {
    struct slice scheme;
    int port;
} default_ports[] = {
    {{"http", 4}, 80},
    {{"https", 5}, 443},
};

/* Schemes of WebSockets, which no page has that opens one. */
static const struct slice websocket_schemes[] = {{"ws", 2}, {"wss", 3}};

static const struct slice any_below = {"*.", 2};

/* Takes a prefix off the text if it is there. */
static bool take_prefix(struct slice *text, struct slice prefix)
{
    if (text->length < prefix.length || memcmp(text->data, prefix.data, prefix.length) != 0) {
        return false;
    }
    text->data += prefix.length;
    text->length -= prefix.length;
    return true;
}

static int default_port(struct slice scheme)
{
    for (size_t i = 0; i < sizeof default_ports / sizeof *default_ports; i++) {
        if (slice_equal_nocase(scheme, default_ports[i].scheme)) {
            return default_ports[i].port;
        }
    }
    return AUTHORITY_NO_PORT;
}

/* Moves the scheme (RFC 3986 section 3.1) and the "://" behind it from *text to *scheme. */
static bool take_scheme(struct slice *text, struct slice *scheme)
{
    *scheme = (struct slice){text->data, 0};
    while (text->length > 0) {
        char byte = text->data[0];
        bool is_letter = (byte >= 'a' && byte <= 'z') || (byte >= 'A' && byte <= 'Z');
        bool is_inner = (byte >= '0' && byte <= '9') || byte == '+' || byte == '-' || byte == '.';

        if (!is_letter && !(is_inner && scheme->length > 0)) {
            break;
        }
        scheme->length++;
        text->data++;
        text->length--;
    }
    return scheme->length > 0 && take_prefix(text, SLICE("://"));
}

/* `below` is NULL where a leading "*." is not allowed. */
static bool parse_origin(struct slice text, struct origin *origin, bool *below)
{
    struct authority authority;

    if (!take_scheme(&text, &origin->scheme)) {
        return false;
    }
    if (below != NULL) {
        *below = take_prefix(&text, any_below);
    }
    if (!authority_parse(text, &authority)) {
        return false;
    }
    origin->host = authority.host;
    origin->port =
        authority.port != AUTHORITY_NO_PORT ? authority.port : default_port(origin->scheme);
    return true;
}

/* The host in the form in which hosts are compared, in `buffer`; empty when it is too long. */
static struct slice comparable(char buffer[AUTHORITY_HOST_MAX_BYTES], struct slice host)
{
    if (host.length > AUTHORITY_HOST_MAX_BYTES) {
        return SLICE("");
    }
    return authority_write_host(buffer, host);
}

/* Whether a host ends with a dot and `parent`, and has something before them. */
static bool is_below(struct slice host, struct slice parent)
{
    size_t before = host.length - parent.length - 1;

    return host.length > parent.length + 1 && host.data[before] == '.' &&
           slice_equal((struct slice){host.data + before + 1, parent.length}, parent);
}

bool origin_matches(struct slice pattern, struct slice origin)
{
    char allowed_host[AUTHORITY_HOST_MAX_BYTES];
    char asking_host[AUTHORITY_HOST_MAX_BYTES];
    struct origin allowed;
    struct origin asking;
    bool below;

    if (slice_equal(pattern, SLICE("null"))) {
        return slice_equal(origin, SLICE("null"));
    }
    if (!parse_origin(pattern, &allowed, &below) || !parse_origin(origin, &asking, NULL)) {
        return false;
    }
    if (!slice_equal_nocase(allowed.scheme, asking.scheme) || allowed.port != asking.port) {
        return false;
    }
    allowed.host = comparable(allowed_host, allowed.host);
    asking.host = comparable(asking_host, asking.host);
    return below ? is_below(asking.host, allowed.host) : slice_equal(allowed.host, asking.host);
}

static bool is_websocket_scheme(struct slice scheme)
{
    for (size_t i = 0; i < sizeof websocket_schemes / sizeof *websocket_schemes; i++) {
        if (slice_equal_nocase(scheme, websocket_schemes[i])) {
            return true;
        }
    }
    return false;
}

bool origin_pattern_valid(struct slice pattern)
{
    struct origin parsed;
    bool below;

    if (slice_equal(pattern, SLICE("null"))) {
        return true;
    }
    return parse_origin(pattern, &parsed, &below) && !is_websocket_scheme(parsed.scheme) &&
           parsed.host.length <= AUTHORITY_HOST_MAX_BYTES &&
           !(below && authority_is_address(parsed.host));
}

size_t origin_pattern_write(char *target, struct slice pattern)
{
    char host_buffer[AUTHORITY_HOST_MAX_BYTES];
    struct origin parsed;
    struct slice host;
    bool below;
    size_t length;

    if (!parse_origin(pattern, &parsed, &below)) { /* "null" */
        return slice_write_lower(target, pattern).length;
    }
    host = comparable(host_buffer, parsed.host);
    length = slice_write_lower(target, parsed.scheme).length;
    length += (size_t)sprintf(target + length, "://%s%.*s", below ? "*." : "", (int)host.length,
                              host.data);
    if (parsed.port != default_port(parsed.scheme)) {
        length += (size_t)sprintf(target + length, ":%d", parsed.port);
    }
    return length;
}

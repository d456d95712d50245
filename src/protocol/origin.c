/*
 * Origins: scheme, host, port.
 */
#include "protocol/origin.h"

#include "protocol/authority.h"

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
    {{"ws", 2}, 80},
    {{"wss", 3}, 443},
};

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

/* Whether a host ends with a dot and `parent`, and has something before them. */
static bool is_below(struct slice host, struct slice parent)
{
    size_t before = host.length - parent.length - 1;

    return host.length > parent.length + 1 && host.data[before] == '.' &&
           slice_equal_nocase((struct slice){host.data + before + 1, parent.length}, parent);
}

bool origin_matches(struct slice pattern, struct slice origin)
{
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
    return below ? is_below(asking.host, allowed.host)
                 : slice_equal_nocase(allowed.host, asking.host);
}

bool origin_pattern_valid(struct slice pattern)
{
    struct origin parsed;
    bool below;

    if (slice_equal(pattern, SLICE("null"))) {
        return true;
    }
    /* There is no name below an address. */
    return parse_origin(pattern, &parsed, &below) && !(below && parsed.host.data[0] == '[');
}

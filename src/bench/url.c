/*
 * RFC 6455 section 3, with two schemes more.
 */
#include "bench/url.h"

#include "protocol/authority.h"

struct url_kind {
    struct slice prefix;
    enum url_scheme scheme;
    int port; /* 0: has to be told */
};

static const struct url_kind kinds[] = {
    {{"ws+unix:", 8}, URL_UNIX, 0},
    {{"ws://", 5}, URL_WS, 80},
    {{"wss://", 6}, URL_WSS, 443},
    {{"tcp://", 6}, URL_TCP, 0},
};

static const struct url_kind *find_kind(struct slice text)
{
    for (size_t i = 0; i < sizeof kinds / sizeof *kinds; i++) {
        struct slice prefix = kinds[i].prefix;

        if (text.length >= prefix.length &&
            slice_equal_nocase((struct slice){text.data, prefix.length}, prefix)) {
            return &kinds[i];
        }
    }
    return NULL;
}

static bool is_printable(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] <= ' ' || text.data[i] > '~') {
            return false;
        }
    }
    return true;
}

/* Cuts `text` at the first of the bytes `ends`; what is behind goes to `rest`. */
static struct slice cut(struct slice text, const char *ends, struct slice *rest)
{
    size_t length = strcspn(text.data, ends);

    *rest = (struct slice){text.data + length, text.length - length};
    return (struct slice){text.data, length};
}

static const char *parse_unix(struct slice text, struct url *url)
{
    url->authority = SLICE("localhost");
    url->host = cut(text, ":", &url->resource);
    if (url->host.length == 0 || url->host.data[0] != '/') {
        return "the socket has to be an absolute path: ws+unix:/path/to.sock:/path";
    }
    if (url->resource.length > 0) {
        url->resource.data++;
        url->resource.length--;
    }
    if (url->resource.length > 0 && url->resource.data[0] != '/' && url->resource.data[0] != '?') {
        return "what is behind the socket has to begin with /: ws+unix:/path/to.sock:/path";
    }
    return NULL;
}

static const char *parse_authority(struct slice text, const struct url_kind *kind, struct url *url)
{
    struct authority authority;

    url->authority = cut(text, "/?", &url->resource);
    if (!authority_parse(url->authority, &authority)) {
        return memchr(url->authority.data, '@', url->authority.length) != NULL
                   ? "a user and a password (@) have no place in it"
                   : "what is between // and the path is not HOST[:PORT]";
    }
    url->host = authority.host;
    if (url->host.data[0] == '[') {
        url->host = (struct slice){url->host.data + 1, url->host.length - 2};
    }
    url->port = authority.port != AUTHORITY_NO_PORT ? authority.port : kind->port;
    if (url->port == 0) {
        return "the port is missing";
    }
    return kind->scheme == URL_TCP && url->resource.length > 0 ? "tcp:// has no path" : NULL;
}

const char *url_parse(const char *text, struct url *url)
{
    struct slice rest = slice_of(text);
    const struct url_kind *kind = find_kind(rest);
    const char *why;

    *url = (struct url){.text = text};
    if (kind == NULL) {
        return "it has to begin with ws://, wss://, ws+unix: or tcp://";
    }
    if (strchr(text, '#') != NULL) {
        return "a WebSocket URL has no fragment (#)";
    }
    if (!is_printable(rest)) {
        return "blanks and other than ASCII have to be escaped (%20)";
    }
    url->scheme = kind->scheme;
    rest = (struct slice){rest.data + kind->prefix.length, rest.length - kind->prefix.length};
    why = kind->scheme == URL_UNIX ? parse_unix(rest, url) : parse_authority(rest, kind, url);
    if (why == NULL && url->resource.length == 0) {
        url->resource = SLICE("/");
    }
    return why;
}

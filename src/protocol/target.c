/*
 * Request targets and the normal form of their paths.
 */
#include "protocol/target.h"

#include "protocol/uri.h"

static bool refuse(struct http_refusal *refusal, const char *reason)
{
    refusal->status = 400;
    refusal->reason = reason;
    return false;
}

static int hex_value(char digit)
{
    if (digit >= '0' && digit <= '9') {
        return digit - '0';
    }
    if (digit >= 'A' && digit <= 'F') {
        return digit - 'A' + 10;
    }
    return digit >= 'a' && digit <= 'f' ? digit - 'a' + 10 : -1;
}

/* Normalises the escape at the start of `raw` onto `buffer`, and counts what it wrote there. */
static bool normalise_escape(struct slice raw, char *buffer, size_t *written,
                             struct http_refusal *refusal)
{
    static const char digits[] = "0123456789ABCDEF";
    int high = raw.length >= 3 ? hex_value(raw.data[1]) : -1;
    int low = raw.length >= 3 ? hex_value(raw.data[2]) : -1;
    char decoded = (char)(high * 16 + low);

    if (high < 0 || low < 0) {
        return refuse(refusal, "a percent sign in the path is not followed by two hex digits");
    }
    if (decoded == '\0' || decoded == '/') {
        return refuse(refusal, "the path must not contain %00 or %2F");
    }
    if (uri_is_unreserved(decoded)) {
        buffer[(*written)++] = decoded;
    } else {
        buffer[(*written)++] = '%';
        buffer[(*written)++] = digits[high];
        buffer[(*written)++] = digits[low];
    }
    return true;
}

/* Normalises a segment, which holds no slash, onto `buffer`. Never writes more than it reads. */
static bool normalise_segment(struct slice raw, char *buffer, size_t *written,
                              struct http_refusal *refusal)
{
    struct slice normal = {buffer + *written, 0};

    while (raw.length > 0) {
        size_t taken = raw.data[0] == '%' ? 3 : 1;

        if (taken == 3) {
            if (!normalise_escape(raw, buffer, written, refusal)) {
                return false;
            }
        } else if (uri_is_segment_character(raw.data[0])) {
            buffer[(*written)++] = raw.data[0];
        } else {
            return refuse(refusal, "the path contains a character that must be escaped");
        }
        raw.data += taken;
        raw.length -= taken;
    }
    normal.length = *written - (size_t)(normal.data - buffer);
    if (slice_equal(normal, SLICE(".")) || slice_equal(normal, SLICE(".."))) {
        return refuse(refusal, "the path contains a segment of dots");
    }
    return true;
}

bool target_normalise_path(struct slice raw, char *buffer, struct slice *path,
                           struct http_refusal *refusal)
{
    size_t written = 0;

    *path = (struct slice){buffer, 0};
    if (raw.length == 0 || raw.data[0] != '/') {
        return refuse(refusal, "the path does not begin with a slash");
    }
    while (raw.length > 0) {
        struct slice segment = {raw.data + 1, raw.length - 1};
        const char *slash = segment.length > 0 ? memchr(segment.data, '/', segment.length) : NULL;

        if (slash != NULL) {
            segment.length = (size_t)(slash - segment.data);
            if (segment.length == 0) {
                return refuse(refusal, "the path contains an empty segment");
            }
        }
        buffer[written++] = '/';
        if (!normalise_segment(segment, buffer, &written, refusal)) {
            return false;
        }
        raw.data += 1 + segment.length;
        raw.length -= 1 + segment.length;
    }
    path->length = written;
    return true;
}

/* Splits an absolute http or https URI into its authority and what comes behind. */
static bool take_authority(struct slice *rest, struct slice *authority)
{
    static const struct slice schemes[] = {{"http://", 7}, {"https://", 8}};

    for (size_t i = 0; i < sizeof schemes / sizeof *schemes; i++) {
        struct slice scheme = {rest->data, schemes[i].length};

        if (rest->length >= scheme.length && slice_equal_nocase(scheme, schemes[i])) {
            *authority = (struct slice){rest->data + scheme.length, 0};
            rest->data += scheme.length;
            rest->length -= scheme.length;
            while (rest->length > 0 && strchr("/?#", rest->data[0]) == NULL) {
                authority->length++;
                rest->data++;
                rest->length--;
            }
            return true;
        }
    }
    return false;
}

/*
 * Browsers send several characters raw in a query that RFC 3986 wants escaped, and the query is
 * nothing to us: visible ASCII will do. A fragment never stands in a request.
 */
static bool query_allowed(struct slice query)
{
    for (size_t i = 0; i < query.length; i++) {
        if (query.data[i] <= 0x20 || query.data[i] >= 0x7F || query.data[i] == '#') {
            return false;
        }
    }
    return true;
}

bool target_parse(struct slice raw, char *buffer, struct target *target,
                  struct http_refusal *refusal)
{
    struct target parsed = {0};
    const char *question_mark;

    if (raw.length == 0) {
        return refuse(refusal, "the request target is empty");
    }
    if (raw.data[0] != '/' && !take_authority(&raw, &parsed.authority)) {
        return refuse(refusal, "the request target is neither a path nor an http URI");
    }
    question_mark = raw.length > 0 ? memchr(raw.data, '?', raw.length) : NULL;
    if (question_mark != NULL) {
        parsed.query.data = question_mark + 1;
        parsed.query.length = raw.length - (size_t)(question_mark - raw.data) - 1;
        raw.length = (size_t)(question_mark - raw.data);
    }
    if (!query_allowed(parsed.query)) {
        return refuse(refusal, "the query contains a character that must be escaped");
    }
    if (raw.length == 0) {
        raw = SLICE("/"); /* RFC 9112 section 3.2.1 */
    }
    if (!target_normalise_path(raw, buffer, &parsed.path, refusal)) {
        return false;
    }
    *target = parsed;
    return true;
}

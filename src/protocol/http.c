/*
 * Request heads: finding their end as they arrive, then taking them apart.
 */
#include "protocol/http.h"

#include <endian.h>

static bool refuse(struct http_refusal *refusal, int status, const char *reason)
{
    refusal->status = status;
    refusal->reason = reason;
    return false;
}

/* The characters of a token: RFC 9110 section 5.6.2. */
static const bool token_characters[UINT8_MAX + 1] = {
    ['0' ... '9'] = true, ['A' ... 'Z'] = true, ['a' ... 'z'] = true, ['!'] = true,  ['#'] = true,
    ['$'] = true,         ['%'] = true,         ['&'] = true,         ['\''] = true, ['*'] = true,
    ['+'] = true,         ['-'] = true,         ['.'] = true,         ['^'] = true,  ['_'] = true,
    ['`'] = true,         ['|'] = true,         ['~'] = true,
};

bool http_is_token(struct slice text)
{
    for (size_t i = 0; i < text.length; i++) {
        if (!token_characters[(uint8_t)text.data[i]]) {
            return false;
        }
    }
    return text.length > 0;
}

/* ---- the end of a head ---- */

/* A byte that may stand in a line: HTAB, or anything but controls (RFC 9110 section 5.5). */
static bool allowed_in_line(char byte)
{
    uint8_t value = (uint8_t)byte;

    return (value >= 0x20 && value != 0x7F) || value == '\t';
}

/* Bytes that are judged together. */
typedef uint8_t line_block __attribute__((vector_size(16)));

/* How many of them at the front may stand in a line. */
static size_t allowed_in_block(const char *bytes)
{
    line_block block;
    uint64_t halves[2]; /* a byte of ones for each that may not */

    memcpy(&block, bytes, sizeof block);
    block = (line_block)((block < 0x20) & (block != '\t')) | (line_block)(block == 0x7F);
    memcpy(halves, &block, sizeof halves);
    if (halves[0] != 0) {
        return (size_t)__builtin_ctzll(le64toh(halves[0])) / 8;
    }
    return halves[1] != 0 ? sizeof halves[0] + (size_t)__builtin_ctzll(le64toh(halves[1])) / 8
                          : sizeof block;
}

/* How many bytes at the front may stand in a line. In blocks, that takes an eighth of the
 * instructions of a look at each byte (callgrind, a handshake of 150 bytes). */
static size_t allowed_length(const char *bytes, size_t length)
{
    size_t at = 0;

    while (length - at >= sizeof(line_block)) {
        size_t allowed = allowed_in_block(bytes + at);

        at += allowed;
        if (allowed < sizeof(line_block)) {
            return at;
        }
    }
    while (at < length && allowed_in_line(bytes[at])) {
        at++;
    }
    return at;
}

/* Takes bytes inside a line, in front of which the scanner stands. */
static bool scan_in_line(struct http_scanner *scanner, const struct http_limits *limits,
                         size_t length, struct http_refusal *refusal)
{
    size_t room = limits->request_line_bytes > scanner->scanned
                      ? limits->request_line_bytes - scanner->scanned
                      : 0;

    if (scanner->lines == 0 && length > room) {
        return refuse(refusal, 414, "the request line is too long");
    }
    if (length > 0 && scanner->scanned == scanner->line_start && scanner->lines > limits->fields) {
        return refuse(refusal, 431, "there are too many header fields");
    }
    scanner->scanned += length;
    return true;
}

/* Judges the byte that ends what may stand in a line, and the one behind it; `scanner` stands on
 * the first. */
static bool scan_line_end(const struct http_scanner *scanner, const char *bytes,
                          struct http_refusal *refusal)
{
    if (bytes[0] == '\n') {
        return refuse(refusal, 400, "a line must end with CR and LF");
    }
    if (bytes[0] != '\r') {
        return refuse(refusal, 400, "there is a control character in the request");
    }
    if (bytes[1] != '\n') {
        return refuse(refusal, 400, "a CR must be followed by LF");
    }
    if (scanner->scanned == 0) {
        return refuse(refusal, 400, "the request begins with an empty line");
    }
    return true;
}

/* RFC 9110 section 9.3.2. */
static bool is_head_request(struct slice head)
{
    return head.length >= 5 && memcmp(head.data, "HEAD ", 5) == 0;
}

/* A CR is left unscanned until the byte behind it is there. */
enum http_verdict http_scan(struct http_scanner *scanner, const struct http_limits *limits,
                            struct slice data, struct http_refusal *refusal)
{
    size_t end = data.length < limits->head_bytes ? data.length : limits->head_bytes;

    refusal->head_only = is_head_request(data);
    while (scanner->scanned < end) {
        const char *bytes = data.data + scanner->scanned;
        size_t length = allowed_length(bytes, end - scanner->scanned);

        if (!scan_in_line(scanner, limits, length, refusal)) {
            return HTTP_REFUSED;
        }
        if (end - scanner->scanned < 2 && (scanner->scanned == end || bytes[length] == '\r')) {
            break;
        }
        if (!scan_line_end(scanner, bytes + length, refusal)) {
            return HTTP_REFUSED;
        }
        scanner->scanned += 2;
        if (scanner->scanned - scanner->line_start == 2) {
            return HTTP_COMPLETE;
        }
        scanner->lines++;
        scanner->line_start = scanner->scanned;
    }
    if (end < limits->head_bytes) {
        return HTTP_NEED_MORE;
    }
    refuse(refusal, 431, "the request head is too large");
    return HTTP_REFUSED;
}

/* Moves the next line, without its CRLF, from *rest to *line. */
static bool take_line(struct slice *rest, struct slice *line, struct http_refusal *refusal)
{
    const char *newline = rest->length > 0 ? memchr(rest->data, '\n', rest->length) : NULL;
    size_t taken = newline != NULL ? (size_t)(newline - rest->data) + 1 : 0;

    if (taken < 2 || newline[-1] != '\r') {
        return refuse(refusal, 400, "a line must end with CR and LF");
    }
    *line = (struct slice){rest->data, taken - 2};
    rest->data += taken;
    rest->length -= taken;
    return true;
}

/* Moves what stands before the next space from *rest to *word, and drops the space. */
static bool take_word(struct slice *rest, struct slice *word)
{
    const char *space = rest->length > 0 ? memchr(rest->data, ' ', rest->length) : NULL;

    if (space == NULL) {
        return false;
    }
    *word = (struct slice){rest->data, (size_t)(space - rest->data)};
    rest->length -= word->length + 1;
    rest->data = space + 1;
    return true;
}

/* HTTP/1.x, in exactly these capitals. Other major versions do not have this head. */
static bool parse_version(struct slice version, int *minor)
{
    static const struct slice prefix = {"HTTP/1.", 7};
    char digit;

    if (version.length != prefix.length + 1 ||
        memcmp(version.data, prefix.data, prefix.length) != 0) {
        return false;
    }
    digit = version.data[prefix.length];
    *minor = digit - '0';
    return digit >= '0' && digit <= '9';
}

/* RFC 9112 section 3: method SP request-target SP HTTP-version. */
static bool parse_request_line(struct slice line, struct http_head *head,
                               struct http_refusal *refusal)
{
    if (!take_word(&line, &head->method) || !take_word(&line, &head->target)) {
        return refuse(refusal, 400, "the request line is not: method, target, version");
    }
    if (!http_is_token(head->method)) {
        return refuse(refusal, 400, "the method is not a token");
    }
    if (!parse_version(line, &head->version_minor)) {
        return refuse(refusal, 400, "the request line does not end with HTTP/1.1");
    }
    return true;
}

/* RFC 9112 section 5. A folded line begins with a blank and so has no token before its colon. */
static bool parse_field(struct slice line, struct http_field *field, struct http_refusal *refusal)
{
    const char *colon = memchr(line.data, ':', line.length);

    if (colon == NULL) {
        return refuse(refusal, 400, "a header line has no colon");
    }
    field->name = (struct slice){line.data, (size_t)(colon - line.data)};
    if (!http_is_token(field->name)) {
        return refuse(refusal, 400, "a header name is not a token");
    }
    field->value = slice_trim((struct slice){colon + 1, line.length - field->name.length - 1});
    return true;
}

bool http_parse(struct slice head, struct http_field *fields, size_t capacity,
                struct http_head *parsed, struct http_refusal *refusal)
{
    struct http_head result = {.fields = fields};
    struct slice line;

    refusal->head_only = is_head_request(head);
    if (!take_line(&head, &line, refusal) || !parse_request_line(line, &result, refusal)) {
        return false;
    }
    for (;;) {
        if (!take_line(&head, &line, refusal)) {
            return false;
        }
        if (line.length == 0) {
            *parsed = result;
            return true;
        }
        if (result.field_count == capacity) {
            return refuse(refusal, 431, "there are too many header fields");
        }
        if (!parse_field(line, &fields[result.field_count++], refusal)) {
            return false;
        }
    }
}

bool http_single_field(const struct http_head *head, struct slice name, struct slice *value)
{
    size_t found = 0;

    *value = (struct slice){NULL, 0};
    for (size_t i = 0; i < head->field_count; i++) {
        if (slice_equal_nocase(head->fields[i].name, name)) {
            *value = head->fields[i].value;
            found++;
        }
    }
    return found <= 1;
}

bool http_has_field(const struct http_head *head, struct slice name)
{
    struct slice value;

    return !http_single_field(head, name, &value) || value.data != NULL;
}

bool http_parse_length(struct slice value, size_t *length)
{
    size_t number = 0;

    if (value.data == NULL) {
        *length = 0;
        return true;
    }
    if (value.length == 0) {
        return false;
    }
    for (size_t i = 0; i < value.length; i++) {
        unsigned digit = (unsigned)(value.data[i] - '0');

        if (digit > 9 || number > (SIZE_MAX - digit) / 10) {
            return false;
        }
        number = number * 10 + digit;
    }
    *length = number;
    return true;
}

/* Moves the cursor to the next field of that name, the one it stands on included. */
static bool find_field(const struct http_head *head, struct slice name,
                       struct http_list_cursor *cursor)
{
    while (cursor->field < head->field_count &&
           !slice_equal_nocase(head->fields[cursor->field].name, name)) {
        cursor->field++;
    }
    return cursor->field < head->field_count;
}

bool http_list_next(const struct http_head *head, struct slice name,
                    struct http_list_cursor *cursor, struct slice *element)
{
    struct slice rest;
    const char *comma;

    if (!find_field(head, name, cursor)) {
        return false;
    }
    rest = head->fields[cursor->field].value;
    rest.data += cursor->offset;
    rest.length -= cursor->offset;
    comma = rest.length > 0 ? memchr(rest.data, ',', rest.length) : NULL;
    if (comma != NULL) {
        rest.length = (size_t)(comma - rest.data);
        cursor->offset += rest.length + 1;
    } else {
        *cursor = (struct http_list_cursor){.field = cursor->field + 1};
    }
    *element = slice_trim(rest);
    return true;
}

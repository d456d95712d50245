/*
 * Checking the lists of a handshake.
 */
#include "protocol/upgrade_fields.h"

/* A few names at most: comparing each with each is cheaper than anything clever. */
static bool has(const struct slice *names, size_t count, struct slice name)
{
    for (size_t i = 0; i < count; i++) {
        if (slice_equal(names[i], name)) {
            return true;
        }
    }
    return false;
}

bool upgrade_subprotocols_valid(const struct http_head *head)
{
    struct slice seen[UPGRADE_SUBPROTOCOLS_MAX];
    struct http_list_cursor cursor = {0};
    struct slice name;
    size_t count = 0;

    while (http_list_next(head, SLICE("Sec-WebSocket-Protocol"), &cursor, &name)) {
        if (count == UPGRADE_SUBPROTOCOLS_MAX || !http_is_token(name) || has(seen, count, name)) {
            return false;
        }
        seen[count++] = name;
    }
    return true;
}

static void skip(struct slice *rest, size_t length)
{
    rest->data += length;
    rest->length -= length;
}

static void skip_blanks(struct slice *rest)
{
    while (rest->length > 0 && (rest->data[0] == ' ' || rest->data[0] == '\t')) {
        skip(rest, 1);
    }
}

/* Takes a byte, with the blanks around it, if it is next. */
static bool take_mark(struct slice *rest, char mark)
{
    skip_blanks(rest);
    if (rest->length == 0 || rest->data[0] != mark) {
        return false;
    }
    skip(rest, 1);
    skip_blanks(rest);
    return true;
}

static bool take_token(struct slice *rest)
{
    size_t length = 0;

    while (length < rest->length && http_is_token((struct slice){rest->data + length, 1})) {
        length++;
    }
    skip(rest, length);
    return length > 0;
}

/* RFC 6455 section 9.1: a quoted value must be a token once its escapes are undone. */
static bool take_quoted_token(struct slice *rest)
{
    size_t length = 0;

    for (skip(rest, 1); rest->length > 0 && rest->data[0] != '"'; length++) {
        if (rest->data[0] == '\\') {
            skip(rest, 1);
        }
        if (rest->length == 0 || !http_is_token((struct slice){rest->data, 1})) {
            return false;
        }
        skip(rest, 1);
    }
    if (rest->length == 0 || length == 0) {
        return false;
    }
    skip(rest, 1);
    return true;
}

static bool take_parameter(struct slice *rest)
{
    if (!take_token(rest)) {
        return false;
    }
    if (!take_mark(rest, '=')) {
        return true;
    }
    return rest->length > 0 && rest->data[0] == '"' ? take_quoted_token(rest) : take_token(rest);
}

/* extension-token *( ";" extension-param ) */
static bool take_extension(struct slice *rest)
{
    if (!take_token(rest)) {
        return false;
    }
    while (take_mark(rest, ';')) {
        if (!take_parameter(rest)) {
            return false;
        }
    }
    return true;
}

static bool extensions_valid(struct slice value)
{
    do {
        if (!take_extension(&value)) {
            return false;
        }
    } while (take_mark(&value, ','));
    return value.length == 0;
}

bool upgrade_extensions_valid(const struct http_head *head)
{
    for (size_t i = 0; i < head->field_count; i++) {
        if (slice_equal_nocase(head->fields[i].name, SLICE("Sec-WebSocket-Extensions")) &&
            !extensions_valid(head->fields[i].value)) {
            return false;
        }
    }
    return true;
}

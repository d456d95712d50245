/*
 * info: tells a client what the server sees of it, as the first message, and then echoes.
 *
 * What proxies add or change on the way shows here. The client gets its own credentials back, as it
 * has sent them, and the log has none of them. A page of another origin does not get what the
 * browser has sent without its doing.
 */
#include "handlers/info.h"

#include "handlers/echo.h"
#include "handlers/registry.h"
#include "protocol/http.h"
#include "protocol/utf8.h"

#include <jansson.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

/* ---- values ---- */

/* The length of the character that valid UTF-8 begins with, or 0. */
static size_t character_bytes(struct slice text)
{
    for (size_t length = 1; length <= 4 && length <= text.length; length++) {
        if (utf8_valid((const uint8_t *)text.data, length)) {
            return length;
        }
    }
    return 0;
}

/* Field values are bytes: what is no UTF-8 of them stands as \xNN, as in the log. */
static json_t *escaped_text(struct slice text)
{
    static const char hex[] = "0123456789abcdef";
    enum { ESCAPE_BYTES = 4 };
    char *escaped = malloc(ESCAPE_BYTES * text.length + 1);
    size_t length = 0;
    json_t *value;

    if (escaped == NULL) {
        return NULL;
    }
    while (text.length > 0) {
        size_t taken = character_bytes(text);
        unsigned char byte = (unsigned char)text.data[0];

        if (taken > 0) {
            memcpy(escaped + length, text.data, taken);
            length += taken;
        } else {
            const char escape[ESCAPE_BYTES] = {'\\', 'x', hex[byte >> 4], hex[byte & 0xF]};

            memcpy(escaped + length, escape, ESCAPE_BYTES);
            length += ESCAPE_BYTES;
            taken = 1;
        }
        text.data += taken;
        text.length -= taken;
    }
    value = json_stringn(escaped, length);
    free(escaped);
    return value;
}

static json_t *text_value(struct slice text)
{
    return utf8_valid((const uint8_t *)text.data, text.length)
               ? json_stringn(text.length > 0 ? text.data : "", text.length)
               : escaped_text(text);
}

/* null instead of an empty text, or of none. */
static json_t *optional_text(const char *text)
{
    return text != NULL && text[0] != '\0' ? text_value(slice_of(text)) : json_null();
}

/* RFC 3339, in UTC, to the millisecond. */
static json_t *time_value(void)
{
    struct timespec now;
    struct tm utc;
    char date[32];
    char text[48];

    clock_gettime(CLOCK_REALTIME, &now);
    gmtime_r(&now.tv_sec, &utc);
    strftime(date, sizeof date, "%FT%T", &utc);
    snprintf(text, sizeof text, "%s.%03ldZ", date, now.tv_nsec / 1000000);
    return json_string(text);
}

/* ---- the request ---- */

/* What a browser sends along, whichever page has asked. */
static const struct slice credentials[] = {
    {"Authorization", 13}, {"Cookie", 6}, {"Proxy-Authorization", 19}};

static bool is_credential(struct slice name)
{
    for (size_t i = 0; i < sizeof credentials / sizeof *credentials; i++) {
        if (slice_equal_nocase(credentials[i], name)) {
            return true;
        }
    }
    return false;
}

/* Whether a page of another host or port has asked: RFC 6454 section 6.2 and RFC 9110 section 7.2
 * leave out the same ports. */
static bool is_foreign(const struct http_head *head)
{
    struct slice origin;
    struct slice host;
    const char *authority;

    (void)http_single_field(head, SLICE("Host"), &host);
    if (!http_single_field(head, SLICE("Origin"), &origin) || origin.data == NULL) {
        return origin.data != NULL;
    }
    authority = memmem(origin.data, origin.length, "://", 3);
    if (authority == NULL) {
        return true;
    }
    authority += 3;
    return !slice_equal_nocase(
        (struct slice){authority, (size_t)(origin.data + origin.length - authority)}, host);
}

static json_t *field_value(const struct http_field *field, bool foreign)
{
    json_t *value =
        foreign && is_credential(field->name)
            ? json_sprintf("(%zu bytes, kept from a page of another origin)", field->value.length)
            : text_value(field->value);

    return json_pack("{s:o,s:o}", "name", text_value(field->name), "value", value);
}

/* The request line has no other form than this. */
static json_t *line_value(const struct http_head *head)
{
    return json_sprintf("%.*s %.*s HTTP/1.%d", (int)head->method.length, head->method.data,
                        (int)head->target.length, head->target.data, head->version_minor);
}

static json_t *request_value(const struct http_head *head)
{
    json_t *fields = json_array();
    bool foreign = is_foreign(head);

    for (size_t i = 0; i < head->field_count; i++) {
        if (json_array_append_new(fields, field_value(&head->fields[i], foreign)) != 0) {
            json_decref(fields);
            return NULL;
        }
    }
    return json_pack("{s:o,s:o}", "line", line_value(head), "fields", fields);
}

/* ---- the connection ---- */

static json_t *client_value(const struct conn_description *description)
{
    if (description->address[0] == '\0') {
        return json_pack("{s:s}", "address", "unix:");
    }
    return json_pack("{s:s,s:i}", "address", description->address, "port", description->port);
}

static json_t *tls_value(const struct conn_description *description)
{
    if (description->tls_version == NULL) {
        return json_null();
    }
    return json_pack("{s:s,s:s,s:o}", "version", description->tls_version, "cipher",
                     description->tls_cipher, "client_certificate",
                     optional_text(description->tls_subject));
}

char *info_text(const struct conn_description *description, const struct upgrade_info *info)
{
    json_t *value = json_pack(
        "{s:o,s:o,s:o,s:o,s:o,s:o,s:[],s:{s:s,s:s},s:o}", "client", client_value(description),
        "listener", optional_text(description->listener), "tls", tls_value(description), "request",
        request_value(info->head), "host", text_value(info->host), "subprotocol",
        optional_text(info->subprotocol), "extensions", "server", "name", "wsrelayd", "version",
        WSRELAYD_VERSION, "time", time_value());
    char *text = value != NULL ? json_dumps(value, JSON_COMPACT) : NULL;

    json_decref(value);
    return text;
}

enum send_result info_send(struct conn *conn, const struct upgrade_info *info)
{
    struct conn_description description;
    enum send_result result = SEND_NO_MEMORY;
    char *text;

    conn_describe(conn, &description);
    text = info_text(&description, info);
    if (text != NULL) {
        result = conn_send(conn, MESSAGE_TEXT, (const uint8_t *)text, strlen(text));
    }
    free(text);
    return result;
}

static void info_open(struct conn *conn, const struct upgrade_info *info)
{
    echo_answer_result(conn, info_send(conn, info));
}

const struct handler info_handler = {
    .schema = {.name = "info",
               .help = "tells a client what the server sees of it, then sends every message back"},
    .on_open = info_open,
    .on_message = echo_message,
    .on_chunk = echo_chunk,
    .on_writable = echo_writable,
};

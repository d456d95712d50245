/*
 * One event, one line:
 *
 *   2026-11-23T03:17:12.123Z warning message name=value name="a value" name=12
 *   {"time":"2026-11-23T03:17:12.123Z","level":"warning","message":"message","name":"value"}
 *
 * What is not printable ASCII leaves here as an escape in both, so no field can end a line, move a
 * terminal's cursor or break JSON.
 */
#include "base/log_line.h"

#include <inttypes.h>
#include <stdio.h>
#include <string.h>

/* Kept free while fields are appended, so that a line can always be completed: `..."`, `}`, LF. */
enum { COMPLETION_BYTES = 8 };

/* Enough for what surrounds a field's name and value, and for any number. */
enum { FIELD_OVERHEAD_BYTES = 32 };

enum { ESCAPE_MAX_BYTES = sizeof("\\u00ff") - 1 };

/* The numbers of the levels are those of syslog(3), from error = 3 on. */
enum { PRIORITY_OF_ERROR = 3 };

static const char *const level_names[] = {
    [LOG_LEVEL_ERROR] = "error", [LOG_LEVEL_WARNING] = "warning", [LOG_LEVEL_NOTICE] = "notice",
    [LOG_LEVEL_INFO] = "info",   [LOG_LEVEL_DEBUG] = "debug",
};

static bool has_room(const struct log_line *line, size_t bytes)
{
    return line->length + bytes <= LOG_LINE_MAX_BYTES - COMPLETION_BYTES;
}

/* Appends without a check: the caller has made sure of the room. */
static void put(struct log_line *line, const char *string)
{
    size_t length = strlen(string);

    memcpy(line->bytes + line->length, string, length);
    line->length += length;
}

static bool is_printable(unsigned char byte)
{
    return byte >= 0x20 && byte < 0x7f;
}

/* Stands behind a backslash, in both formats. */
static bool is_quoting(unsigned char byte)
{
    return byte == '"' || byte == '\\';
}

static void put_escape(struct log_line *line, enum log_format format, unsigned char byte)
{
    static const char hex[] = "0123456789abcdef";
    char digits[] = {hex[byte >> 4], hex[byte & 0xf], '\0'};

    put(line, format == LOG_FORMAT_JSON ? "\\u00" : "\\x");
    put(line, digits);
}

/* Appends `text`, escaped, as far as it may go and there is room; "..." stands for the rest. */
static void put_escaped(struct log_line *line, enum log_format format, struct slice text)
{
    size_t at = 0;

    while (at < text.length && at < LOG_VALUE_MAX_BYTES && has_room(line, ESCAPE_MAX_BYTES)) {
        unsigned char byte = (unsigned char)text.data[at++];

        if (is_quoting(byte)) {
            put(line, "\\");
        }
        if (is_printable(byte)) {
            line->bytes[line->length++] = (char)byte;
        } else {
            put_escape(line, format, byte);
        }
    }
    if (at < text.length) {
        put(line, "...");
    }
}

/* Whether a text value can stand without quotes and still be told from what follows. */
static bool is_plain(struct slice text)
{
    static const char plain[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
                                "_./:@+-[]{},*%";

    if (text.length == 0 || text.length > LOG_VALUE_MAX_BYTES) {
        return false;
    }
    for (size_t at = 0; at < text.length; at++) {
        if (memchr(plain, text.data[at], sizeof plain - 1) == NULL) {
            return false;
        }
    }
    return true;
}

static void put_number(struct log_line *line, int64_t number)
{
    char digits[FIELD_OVERHEAD_BYTES];

    snprintf(digits, sizeof digits, "%" PRId64, number);
    put(line, digits);
}

static void put_value(struct log_line *line, enum log_format format, const struct log_field *field)
{
    if (field->type == LOG_FIELD_NUMBER) {
        put_number(line, field->number);
    } else if (format == LOG_FORMAT_TEXT && is_plain(field->text)) {
        put_escaped(line, format, field->text);
    } else {
        put(line, "\"");
        put_escaped(line, format, field->text);
        put(line, "\"");
    }
}

static void put_fields(struct log_line *line, enum log_format format, const struct log_event *event)
{
    bool json = format == LOG_FORMAT_JSON;

    for (size_t i = 0; i < event->field_count; i++) {
        const struct log_field *field = &event->fields[i];

        if (has_room(line, strlen(field->name) + FIELD_OVERHEAD_BYTES)) {
            put(line, json ? ",\"" : " ");
            put(line, field->name);
            put(line, json ? "\":" : "=");
            put_value(line, format, field);
        }
    }
}

static void put_priority(struct log_line *line, enum log_level level)
{
    char prefix[] = {'<', (char)('0' + PRIORITY_OF_ERROR + (int)level), '>', '\0'};

    put(line, prefix);
}

/* RFC 3339, in UTC, to the millisecond. */
static void put_time(struct log_line *line, struct timespec time)
{
    char date[sizeof "2026-11-23T03:17:12"];
    char fraction[FIELD_OVERHEAD_BYTES];
    struct tm utc;

    if (gmtime_r(&time.tv_sec, &utc) == NULL || strftime(date, sizeof date, "%FT%T", &utc) == 0) {
        date[0] = '\0';
    }
    snprintf(fraction, sizeof fraction, ".%03ldZ", time.tv_nsec / 1000000);
    put(line, date);
    put(line, fraction);
}

void log_line_format_bare(struct log_line *line, const struct log_event *event)
{
    line->length = 0;
    put_escaped(line, LOG_FORMAT_TEXT, slice_of(event->message));
    put_fields(line, LOG_FORMAT_TEXT, event);
}

static void put_text_event(struct log_line *line, const struct log_style *style,
                           struct timespec time, const struct log_event *event)
{
    if (!style->with_priority) {
        put_time(line, time);
        put(line, " ");
    }
    put(line, level_names[event->level]);
    put(line, " ");
    put_escaped(line, LOG_FORMAT_TEXT, slice_of(event->message));
    put_fields(line, LOG_FORMAT_TEXT, event);
}

static void put_json_event(struct log_line *line, struct timespec time,
                           const struct log_event *event)
{
    put(line, "{\"time\":\"");
    put_time(line, time);
    put(line, "\",\"level\":\"");
    put(line, level_names[event->level]);
    put(line, "\",\"message\":\"");
    put_escaped(line, LOG_FORMAT_JSON, slice_of(event->message));
    put(line, "\"");
    put_fields(line, LOG_FORMAT_JSON, event);
    put(line, "}");
}

void log_line_format(struct log_line *line, const struct log_style *style, struct timespec time,
                     const struct log_event *event)
{
    line->length = 0;
    if (style->with_priority) {
        put_priority(line, event->level);
    }
    if (style->format == LOG_FORMAT_JSON) {
        put_json_event(line, time, event);
    } else {
        put_text_event(line, style, time, event);
    }
    put(line, "\n");
}

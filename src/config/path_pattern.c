/*
 * Parses path patterns. Captures are whole segments, so the pattern is normalised once with a
 * placeholder in each capture's stead: normalising neither adds nor removes segments.
 */
#include "config/path_pattern.h"

#include "protocol/target.h"
#include "protocol/uri.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define NAME_FIRST "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define NAME_REST  NAME_FIRST "0123456789"

enum { UTF8_MAX_BYTES = 4 };

static const char placeholder = '_';

struct pattern {
    const char *text;
    char *problem;
    char *plain; /* the text with placeholders, normalised */
    size_t plain_length;
    struct path_part *parts; /* room for every segment twice */
    size_t count;
    size_t capture_count;
};

static bool fail(struct pattern *pattern, const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static bool fail(struct pattern *pattern, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(pattern->problem, PATH_PATTERN_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* The segment that begins at `text`: what stands before the next slash or the end. */
static struct slice segment_at(const char *text)
{
    return (struct slice){text, strcspn(text, "/")};
}

static bool is_capture(struct slice segment)
{
    return segment.length > 0 && segment.data[0] == '{';
}

/* The name between the braces, without the star of a remainder. */
static struct slice capture_name(struct slice segment)
{
    struct slice name = {segment.data + 1, segment.length - 2};

    if (name.length > 0 && name.data[name.length - 1] == '*') {
        name.length--;
    }
    return name;
}

static bool is_rest(struct slice segment)
{
    return segment.data[segment.length - 2] == '*';
}

static bool is_name(struct slice name)
{
    if (name.length == 0 || strchr(NAME_FIRST, name.data[0]) == NULL) {
        return false;
    }
    for (size_t i = 1; i < name.length; i++) {
        if (strchr(NAME_REST, name.data[i]) == NULL) {
            return false;
        }
    }
    return true;
}

/* Says how the character that begins at `text`, of one byte or more, is written. */
static bool report_character(struct pattern *pattern, const char *text)
{
    char escapes[sizeof "%00" * UTF8_MAX_BYTES] = "";
    size_t length = 0;

    do {
        snprintf(escapes + 3 * length, sizeof "%00", "%%%02X", (unsigned char)text[length]);
        length++;
    } while (length < UTF8_MAX_BYTES && ((unsigned char)text[length] & 0xC0) == 0x80);
    return fail(pattern, "\"%.*s\" must be written %s", (int)length, text, escapes);
}

/* Whether the segment holds only what may stand in a path; normalising judges the escapes. */
static bool check_characters(struct pattern *pattern, struct slice segment)
{
    for (size_t i = 0; i < segment.length; i++) {
        if (segment.data[i] != '%' && !uri_is_segment_character(segment.data[i])) {
            return report_character(pattern, segment.data + i);
        }
    }
    return true;
}

static bool check_segment(struct pattern *pattern, struct slice segment)
{
    bool open = memchr(segment.data, '{', segment.length) != NULL;
    bool closed = memchr(segment.data, '}', segment.length) != NULL;

    if (!open && !closed) {
        return check_characters(pattern, segment);
    }
    if (segment.data[0] != '{' || segment.data[segment.length - 1] != '}') {
        return fail(pattern, "a capture is a whole segment between slashes, as in /room/{name}");
    }
    if (!is_name(capture_name(segment))) {
        return fail(pattern,
                    "\"%.*s\" is no capture: a name of letters, digits and _ stands "
                    "between the braces",
                    (int)(segment.length < 64 ? segment.length : 64), segment.data);
    }
    if (is_rest(segment) && segment.data[segment.length] != '\0') {
        return fail(pattern, "{%.*s*} may stand only at the end",
                    (int)(segment.length < 64 ? segment.length - 3 : 64), segment.data + 1);
    }
    return true;
}

/* Checks the captures and writes the text with placeholders for them. */
static bool replace_captures(struct pattern *pattern, char *output)
{
    const char *text = pattern->text + 1;

    *output++ = '/';
    for (;;) {
        struct slice segment = segment_at(text);
        if (!check_segment(pattern, segment)) {
            return false;
        }
        if (is_capture(segment)) {
            *output++ = placeholder;
        } else {
            memcpy(output, segment.data, segment.length);
            output += segment.length;
        }
        text += segment.length;
        if (*text == '\0') {
            break;
        }
        *output++ = *text++;
    }
    *output = '\0';
    return true;
}

static bool normalise(struct pattern *pattern)
{
    struct http_refusal refusal = {0};
    struct slice normal;
    bool normalised = false;
    char *raw = malloc(strlen(pattern->text) + 1);

    pattern->plain = malloc(strlen(pattern->text) + 1);
    if (raw == NULL || pattern->plain == NULL) {
        fail(pattern, "out of memory");
    } else if (replace_captures(pattern, raw)) {
        normalised = target_normalise_path(slice_of(raw), pattern->plain, &normal, &refusal);
        if (normalised) {
            pattern->plain_length = normal.length;
            memmove(pattern->plain, normal.data, normal.length);
            pattern->plain[normal.length] = '\0';
        } else {
            fail(pattern, "%s", refusal.reason);
        }
    }
    free(raw);
    return normalised;
}

static bool add_part(struct pattern *pattern, enum path_part_type type, struct slice text)
{
    char *copy;

    if (text.length == 0) {
        return true;
    }
    copy = strndup(text.data, text.length);
    if (copy == NULL) {
        return fail(pattern, "out of memory");
    }
    pattern->parts[pattern->count++] = (struct path_part){.type = type, .text = copy};
    return true;
}

static bool add_capture(struct pattern *pattern, struct slice segment)
{
    struct slice name = capture_name(segment);

    for (size_t i = 0; i < pattern->count; i++) {
        const struct path_part *part = &pattern->parts[i];
        if (part->type != PATH_PART_LITERAL && slice_equal(slice_of(part->text), name)) {
            return fail(pattern, "two captures are called \"%s\"", part->text);
        }
    }
    if (++pattern->capture_count > PATH_PATTERN_CAPTURES_MAX) {
        return fail(pattern, "more than %d captures", PATH_PATTERN_CAPTURES_MAX);
    }
    return add_part(pattern, is_rest(segment) ? PATH_PART_REST : PATH_PART_SEGMENT, name);
}

/* Walks the pattern and its normalised text side by side, segment by segment. */
static bool cut(struct pattern *pattern)
{
    const char *text = pattern->text + 1;
    const char *plain = pattern->plain + 1;
    const char *literal = pattern->plain; /* where the literal at hand begins */

    for (;;) {
        struct slice segment = segment_at(text);
        struct slice plain_segment = segment_at(plain);
        if (is_capture(segment)) {
            struct slice before = {literal, (size_t)(plain - literal)};
            if (!add_part(pattern, PATH_PART_LITERAL, before) || !add_capture(pattern, segment)) {
                return false;
            }
            literal = plain + plain_segment.length;
        }
        text += segment.length;
        plain += plain_segment.length;
        if (*text == '\0') {
            break;
        }
        text++;
        plain++;
    }
    return add_part(pattern, PATH_PART_LITERAL, slice_of(literal));
}

static size_t count_segments(const char *text)
{
    size_t count = 0;

    for (; *text != '\0'; text++) {
        count += *text == '/' ? 1 : 0;
    }
    return count;
}

bool path_pattern_parse(const char *text, struct path_part **parts, size_t *count,
                        char problem[PATH_PATTERN_PROBLEM_BYTES])
{
    struct pattern pattern = {.text = text, .problem = problem};

    if (text[0] != '/') {
        return fail(&pattern, "a path begins with /");
    }
    pattern.parts = calloc(2 * count_segments(text) + 1, sizeof *pattern.parts);
    if (pattern.parts == NULL) {
        return fail(&pattern, "out of memory");
    }
    bool parsed = normalise(&pattern) && cut(&pattern);
    free(pattern.plain);
    if (!parsed) {
        path_pattern_free(pattern.parts, pattern.count);
        return false;
    }
    *parts = pattern.parts;
    *count = pattern.count;
    return true;
}

void path_pattern_free(struct path_part *parts, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        free(parts[i].text);
    }
    free(parts);
}

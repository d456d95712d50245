/*
 * Log lines: text and JSON.
 */
#include "base/log_line.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { MANY_FIELDS = 64 };

static const struct log_style text = {.format = LOG_FORMAT_TEXT};
static const struct log_style text_with_priority = {LOG_FORMAT_TEXT, true};
static const struct log_style json = {.format = LOG_FORMAT_JSON};
static const struct log_style json_with_priority = {LOG_FORMAT_JSON, true};

/* 2026-11-23T03:17:12.123Z */
static const struct timespec moment = {.tv_sec = 1795403832, .tv_nsec = 123999999};

static struct log_line line;

/* Formats an event and ends its line with a terminator instead of the line feed. */
static const char *format(const struct log_style *style, enum log_level level,
                          const struct log_field *fields, size_t count)
{
    const struct log_event event = {level, "a message", fields, count};

    log_line_format(&line, style, moment, &event);
    ck_assert_uint_gt(line.length, 0);
    ck_assert_uint_le(line.length, sizeof line.bytes);
    ck_assert_int_eq(line.bytes[line.length - 1], '\n');
    line.bytes[line.length - 1] = '\0';
    ck_assert_uint_eq(strlen(line.bytes), line.length - 1);
    return line.bytes;
}

START_TEST(test_a_text_line_has_time_level_message_and_fields)
{
    const struct log_field fields[] = {LOG_TEXT("route", "/room/{name}"), LOG_NUMBER("count", -7),
                                       LOG_SLICE("host", SLICE("[::1]:8080"))};

    ck_assert_str_eq(format(&text, LOG_LEVEL_WARNING, fields, 3),
                     "2026-11-23T03:17:12.123Z warning a message"
                     " route=/room/{name} count=-7 host=[::1]:8080");
}
END_TEST

START_TEST(test_a_json_line_is_an_object_with_the_same_content)
{
    const struct log_field fields[] = {LOG_TEXT("route", "/a b"), LOG_NUMBER("count", INT64_MIN)};

    ck_assert_str_eq(
        format(&json, LOG_LEVEL_ERROR, fields, 2),
        "{\"time\":\"2026-11-23T03:17:12.123Z\",\"level\":\"error\","
        "\"message\":\"a message\",\"route\":\"/a b\",\"count\":-9223372036854775808}");
}
END_TEST

START_TEST(test_an_event_may_have_no_fields)
{
    ck_assert_str_eq(format(&text, LOG_LEVEL_INFO, NULL, 0),
                     "2026-11-23T03:17:12.123Z info a message");
}
END_TEST

static const struct {
    enum log_level level;
    const char *text;
} levels[] = {
    {LOG_LEVEL_ERROR, "<3>error a message"},   {LOG_LEVEL_WARNING, "<4>warning a message"},
    {LOG_LEVEL_NOTICE, "<5>notice a message"}, {LOG_LEVEL_INFO, "<6>info a message"},
    {LOG_LEVEL_DEBUG, "<7>debug a message"},
};

START_TEST(test_a_priority_takes_the_place_of_the_time_in_text)
{
    ck_assert_str_eq(format(&text_with_priority, levels[_i].level, NULL, 0), levels[_i].text);
}
END_TEST

START_TEST(test_a_priority_stands_before_a_complete_json_object)
{
    ck_assert_str_eq(format(&json_with_priority, LOG_LEVEL_NOTICE, NULL, 0),
                     "<5>{\"time\":\"2026-11-23T03:17:12.123Z\",\"level\":\"notice\","
                     "\"message\":\"a message\"}");
}
END_TEST

/* A literal that may hold any byte. */
#define BYTES(literal)                                                                             \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct {
    struct slice value;
    const char *text;
    const char *json;
} values[] = {
    {BYTES(""), "\"\"", "\"\""},
    {{NULL, 0}, "\"\"", "\"\""},
    {BYTES("plain_./:@+-[]{},*%09azAZ"), "plain_./:@+-[]{},*%09azAZ",
     "\"plain_./:@+-[]{},*%09azAZ\""},
    {BYTES("two words"), "\"two words\"", "\"two words\""},
    {BYTES("a=b"), "\"a=b\"", "\"a=b\""},
    {BYTES("say \"hi\""), "\"say \\\"hi\\\"\"", "\"say \\\"hi\\\"\""},
    {BYTES("back\\slash"), "\"back\\\\slash\"", "\"back\\\\slash\""},
    {BYTES("one\r\ntwo"), "\"one\\x0d\\x0atwo\"", "\"one\\u000d\\u000atwo\""},
    {BYTES("\033[2J"), "\"\\x1b[2J\"", "\"\\u001b[2J\""},
    {BYTES("nul\0nul"), "\"nul\\x00nul\"", "\"nul\\u0000nul\""},
    {BYTES("\xe2\x80\xa8"), "\"\\xe2\\x80\\xa8\"", "\"\\u00e2\\u0080\\u00a8\""},
    {BYTES("\x7f\xff"), "\"\\x7f\\xff\"", "\"\\u007f\\u00ff\""},
};

START_TEST(test_a_text_value_is_escaped_and_quoted_where_it_must_be)
{
    const struct log_field field = LOG_SLICE("value", values[_i].value);

    ck_assert_str_eq(strstr(format(&text, LOG_LEVEL_INFO, &field, 1), "value=") + 6,
                     values[_i].text);
}
END_TEST

START_TEST(test_a_json_value_is_escaped_to_printable_ascii)
{
    const struct log_field field = LOG_SLICE("value", values[_i].value);
    char expected[256];

    snprintf(expected, sizeof expected, "\"value\":%s}", values[_i].json);
    ck_assert_str_eq(strstr(format(&json, LOG_LEVEL_INFO, &field, 1), "\"value\":"), expected);
}
END_TEST

static const struct {
    const struct log_style *style;
    const char *end; /* of a line that ends with a value cut short */
} cut[] = {{&text, "a...\""}, {&json, "a...\"}"}};

START_TEST(test_a_long_value_is_cut_and_shows_it)
{
    char value[2 * LOG_VALUE_MAX_BYTES];
    const struct log_field field = LOG_SLICE("value", ((struct slice){value, sizeof value}));
    const char *formatted;

    memset(value, 'a', sizeof value);
    formatted = format(cut[_i].style, LOG_LEVEL_INFO, &field, 1);
    ck_assert_str_eq(formatted + strlen(formatted) - strlen(cut[_i].end), cut[_i].end);
    ck_assert_uint_eq(strspn(strstr(formatted, "aaa"), "a"), LOG_VALUE_MAX_BYTES);
}
END_TEST

START_TEST(test_a_value_of_the_greatest_length_is_complete)
{
    char value[LOG_VALUE_MAX_BYTES];
    const struct log_field field = LOG_SLICE("value", ((struct slice){value, sizeof value}));
    const char *formatted;

    memset(value, 'a', sizeof value);
    formatted = format(&text, LOG_LEVEL_INFO, &field, 1);
    ck_assert_uint_eq(strlen(strstr(formatted, "value=")), 6 + LOG_VALUE_MAX_BYTES);
}
END_TEST

/* Whether it is one JSON object of string members, as far as quotes and commas go. */
static bool is_closed_object(const char *object)
{
    size_t length = strlen(object);
    size_t quotes = 0;

    for (size_t i = 0; i < length; i++) {
        quotes += object[i] == '"';
    }
    return object[0] == '{' && object[length - 1] == '}' && object[length - 2] == '"' &&
           quotes % 4 == 0;
}

/* Fields of every length up to the line's end: one of them meets each position of the end. */
START_TEST(test_a_line_that_is_full_is_still_well_formed)
{
    static char value[LOG_VALUE_MAX_BYTES];
    struct log_field fields[MANY_FIELDS];

    memset(value, _i, sizeof value);
    for (size_t spare = 0; spare < LOG_VALUE_MAX_BYTES; spare++) {
        for (size_t i = 0; i < MANY_FIELDS; i++) {
            fields[i] = (struct log_field)LOG_SLICE(
                "value", ((struct slice){value, i == 0 ? spare : sizeof value}));
        }
        ck_assert(is_closed_object(format(&json, LOG_LEVEL_INFO, fields, MANY_FIELDS)));
        ck_assert_uint_gt(line.length, LOG_LINE_MAX_BYTES - 64);
    }
}
END_TEST

static Suite *log_line_suite(void)
{
    Suite *suite = suite_create("log_line");
    TCase *events = tcase_create("events");
    TCase *escapes = tcase_create("escapes");
    TCase *limits = tcase_create("limits");

    tcase_add_test(events, test_a_text_line_has_time_level_message_and_fields);
    tcase_add_test(events, test_a_json_line_is_an_object_with_the_same_content);
    tcase_add_test(events, test_an_event_may_have_no_fields);
    tcase_add_loop_test(events, test_a_priority_takes_the_place_of_the_time_in_text, 0,
                        sizeof levels / sizeof *levels);
    tcase_add_test(events, test_a_priority_stands_before_a_complete_json_object);
    suite_add_tcase(suite, events);
    tcase_add_loop_test(escapes, test_a_text_value_is_escaped_and_quoted_where_it_must_be, 0,
                        sizeof values / sizeof *values);
    tcase_add_loop_test(escapes, test_a_json_value_is_escaped_to_printable_ascii, 0,
                        sizeof values / sizeof *values);
    suite_add_tcase(suite, escapes);
    tcase_set_timeout(limits, 60);
    tcase_add_loop_test(limits, test_a_long_value_is_cut_and_shows_it, 0, sizeof cut / sizeof *cut);
    tcase_add_test(limits, test_a_value_of_the_greatest_length_is_complete);
    tcase_add_loop_test(limits, test_a_line_that_is_full_is_still_well_formed, '\n', '\n' + 1);
    tcase_add_loop_test(limits, test_a_line_that_is_full_is_still_well_formed, 'a', 'a' + 1);
    suite_add_tcase(suite, limits);
    return suite;
}

int main(void)
{
    return suite_run(log_line_suite());
}

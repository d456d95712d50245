/*
 * The parameters of an echo's query: their limits, and what each mistake is called.
 */
#include "handlers/echo_controls.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

static struct echo_controls controls;
static char problem[ECHO_CONTROLS_PROBLEM_BYTES];

/* The query stands in a block of its own size: a look behind its end shows. */
static bool parse(const char *query)
{
    size_t length = strlen(query);
    char *copy = malloc(length);
    bool parsed;

    ck_assert(copy != NULL || length == 0);
    if (length > 0) {
        memcpy(copy, query, length);
    }
    problem[0] = '\0';
    parsed = echo_controls_parse((struct slice){copy, length}, &controls, problem);
    free(copy);
    ck_assert_int_eq(parsed, problem[0] == '\0');
    return parsed;
}

static bool parse_number(const struct echo_control *control, int64_t number)
{
    char query[64];

    snprintf(query, sizeof query, "%s=%lld%s", control->name, (long long)number,
             strcmp(control->name, "after") == 0 ? "&close=1000" : "");
    return parse(query);
}

static uint32_t value_of(const struct echo_control *control)
{
    uint32_t value;

    memcpy(&value, (const char *)&controls + control->offset, sizeof value);
    return value;
}

START_TEST(test_a_number_has_its_limits)
{
    for (const struct echo_control *row = echo_control_rows; row->name != NULL; row++) {
        if (row->type != ECHO_CONTROL_NUMBER) {
            continue;
        }
        ck_assert_msg(!parse_number(row, (int64_t)row->minimum - 1), "%s", row->name);
        ck_assert_msg(parse_number(row, row->minimum), "%s", problem);
        ck_assert_uint_eq(value_of(row), row->minimum);
        ck_assert_msg(parse_number(row, (int64_t)row->minimum + 1), "%s", problem);
        ck_assert_msg(parse_number(row, (int64_t)row->maximum - 1), "%s", problem);
        ck_assert_msg(parse_number(row, row->maximum), "%s", problem);
        ck_assert_uint_eq(value_of(row), row->maximum);
        ck_assert_msg(!parse_number(row, (int64_t)row->maximum + 1), "%s", row->name);
        ck_assert_mem_eq(problem, row->name, strlen(row->name));
    }
}
END_TEST

/* The limits themselves. */
static const struct {
    const char *name;
    uint32_t minimum;
    uint32_t maximum;
} limits[] = {
    {"delay", 0, 60000},    {"jitter", 0, 60000},       {"drop", 0, 100},
    {"chunk", 1, 16777216}, {"repeat", 1, 1000},        {"reason", 0, 123},
    {"after", 0, 1000000},  {"status", 300, 599},       {"subprotocol", 0, 64},
    {"ping", 100, 3600000}, {"max_age", 100, 86400000}, {"info", 0, 1},
};

START_TEST(test_the_limits_are_those_that_were_meant)
{
    const struct echo_control *row = echo_control_rows;

    for (size_t i = 0; i < sizeof limits / sizeof *limits; i++, row++) {
        if (row->type == ECHO_CONTROL_CLOSE) {
            row++;
        }
        ck_assert_str_eq(row->name, limits[i].name);
        ck_assert_uint_eq(row->minimum, limits[i].minimum);
        ck_assert_uint_eq(row->maximum, limits[i].maximum);
    }
    ck_assert_ptr_null(row->name);
}
END_TEST

START_TEST(test_every_row_has_its_line_of_help)
{
    for (const struct echo_control *row = echo_control_rows; row->name != NULL; row++) {
        ck_assert_ptr_nonnull(row->help);
        ck_assert_ptr_null(strchr(row->help, '\n'));
    }
}
END_TEST

/* Where people read of the controls. */
static const struct document {
    const char *path;
    const char *before; /* a control's name, at the start of its paragraph */
    const char *behind;
    const char *end;
} documents[] = {
    {"man/wsrelayd.yaml.5", "\n.It Li ", "\n", "\n."},
    {"src/page/page.html", "\">", "</button></dt><dd>", "</dd>"},
};

/* What the paragraph of a control has to say. */
static void write_range(const struct echo_control *row, char *range, size_t size)
{
    if (row->type == ECHO_CONTROL_NUMBER) {
        snprintf(range, size, row->maximum == 1 ? "%u or %u" : "%u to %u", row->minimum,
                 row->maximum);
    } else {
        snprintf(range, size, row->maximum == 0 ? "1005" : "%u bytes", row->maximum);
    }
}

static void check_paragraph(const struct document *document, const char *text,
                            const struct echo_control *row)
{
    char item[64];
    char range[64];
    const char *found;

    snprintf(item, sizeof item, "%s%s%s", document->before, row->name, document->behind);
    write_range(row, range, sizeof range);
    found = strstr(text, item);
    ck_assert_msg(found != NULL, "%s: nothing of %s", document->path, row->name);
    found += strlen(item);
    ck_assert_msg(
        memmem(found, (size_t)(strstr(found, document->end) - found), range, strlen(range)) != NULL,
        "%s: %s lacks %s", document->path, row->name, range);
}

START_TEST(test_the_documents_have_every_control_with_its_range)
{
    const struct document *document = &documents[_i];
    char *text = NULL;
    size_t size = 0;
    FILE *file = fopen(document->path, "r");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_gt(getdelim(&text, &size, '\0', file), 0);
    fclose(file);
    for (const struct echo_control *row = echo_control_rows; row->name != NULL; row++) {
        check_paragraph(document, text, row);
    }
    free(text);
}
END_TEST

static const struct {
    const char *query;
    const char *problem; /* how it begins; NULL: none */
} queries[] = {
    {"", NULL},
    {"&", NULL},
    {"delay=1&", NULL},
    {"&&delay=1&&drop=2", NULL},
    {"delay=000", NULL},
    {"delay", "delay: \"\" is not a whole number from 0 to 60000."},
    {"delay=", "delay: \"\" is not a whole number"},
    {"delay=+1", "delay: \"+1\" is not"},
    {"delay=-1", "delay: \"-1\" is not"},
    {"delay=1.5", "delay: \"1.5\" is not"},
    {"delay=1s", "delay: \"1s\" is not"},
    {"delay=0x10", "delay: \"0x10\" is not"},
    {"delay=%31", NULL},
    {"delay=1=1", "delay: \"1=1\" is not"},
    {"delay=99999999999", "delay: \"99999999999\" is not"},
    {"delay=18446744073709551617", "delay: \"18446744073709551617\" is not"},
    {"delay=%", "delay: a percent sign"},
    {"delay=%3", "delay: a percent sign"},
    {"delay=%3g", "delay: a percent sign"},
    {"delay=%g3", "delay: a percent sign"},
    {"delay=1&delay=1", "delay stands twice."},
    {"info=1&drop=1&info=0", "info stands twice."},
    {"Delay=1", "\"Delay\" is no parameter of this echo."},
    {"=1", "\"\" is no parameter of this echo."},
    {"delay%20=1", "\"delay%20\" is no parameter"},
    {"dela=1", "\"dela\" is no parameter"},
    {"delays=1", "\"delays\" is no parameter"},
    {"drop=1&x", "\"x\" is no parameter"},
    {"close=999", "close: \"999\" is not 1005, 1006 or a code that a Close frame may have."},
    {"close=1000", NULL},
    {"close=1003", NULL},
    {"close=1004", "close: \"1004\""},
    {"close=1005", NULL},
    {"close=1006", NULL},
    {"close=1007", NULL},
    {"close=1014", NULL},
    {"close=1015", "close: \"1015\""},
    {"close=2999", "close: \"2999\""},
    {"close=3000", NULL},
    {"close=4999", NULL},
    {"close=5000", "close: \"5000\""},
    {"close=66536", "close: \"66536\""}, /* 1000 and 65536 */
    {"close=", "close: \"\""},
    {"close=x", "close: \"x\""},
    {"after=1", "after: there is no close."},
    {"reason=x", "reason: there is no close with a code"},
    {"close=1005&reason=x", "reason: there is no close with a code"},
    {"close=1006&reason=x", "reason: there is no close with a code"},
    {"reason=x&close=4000&after=2", NULL},
    {"close=4000&reason=%ff", "reason: \"%ff\" is not UTF-8 of at most 123 bytes."},
    {"close=4000&reason=%c3", "reason: \"%c3\" is not UTF-8"},
    {"close=4000&reason=a%00b", "reason: \"a%00b\" is not UTF-8"},
    {"close=4000&reason=", NULL},
    {"subprotocol=chat.v2", NULL},
    {"subprotocol=", "subprotocol: \"\" is not a token of at most 64 bytes."},
    {"subprotocol=a%0d%0aB:c", "subprotocol: \"a%0d%0aB:c\" is not a token"},
    {"subprotocol=a,b", "subprotocol: \"a,b\" is not a token"},
    {"subprotocol=a%00", "subprotocol: \"a%00\" is not a token"},
};

START_TEST(test_a_mistake_is_called_by_its_name)
{
    for (size_t i = 0; i < sizeof queries / sizeof *queries; i++) {
        const char *expected = queries[i].problem;

        ck_assert_msg(parse(queries[i].query) == (expected == NULL), "%s: %s", queries[i].query,
                      problem);
        ck_assert_msg(expected == NULL || strncmp(problem, expected, strlen(expected)) == 0,
                      "%s: %s", queries[i].query, problem);
    }
}
END_TEST

START_TEST(test_values_arrive)
{
    ck_assert(parse("delay=1&jitter=2&drop=3&chunk=4&repeat=5&close=4006&reason=a+b%2B%c3%A4&"
                    "after=7&status=408&subprotocol=nine&ping=1000&max_age=1100&info=1"));
    ck_assert_uint_eq(controls.delay_ms, 1);
    ck_assert_uint_eq(controls.jitter_ms, 2);
    ck_assert_uint_eq(controls.drop_percent, 3);
    ck_assert_uint_eq(controls.chunk_bytes, 4);
    ck_assert_uint_eq(controls.repeat, 5);
    ck_assert_uint_eq(controls.close_code, 4006);
    ck_assert_str_eq(controls.reason, "a b+\xc3\xa4");
    ck_assert_uint_eq(controls.after_messages, 7);
    ck_assert_uint_eq(controls.status, 408);
    ck_assert_str_eq(controls.subprotocol, "nine");
    ck_assert_uint_eq(controls.ping_ms, 1000);
    ck_assert_uint_eq(controls.max_age_ms, 1100);
    ck_assert_uint_eq(controls.info, 1);
}
END_TEST

START_TEST(test_what_is_not_asked_for_is_off)
{
    ck_assert(parse("drop=0"));
    ck_assert_uint_eq(controls.repeat, 1);
    controls.repeat = 0;
    for (size_t i = 0; i < sizeof controls; i++) {
        ck_assert_uint_eq(((const uint8_t *)&controls)[i], 0);
    }
}
END_TEST

/* Texts of limit-1, limit and limit+1 bytes, plain and escaped. */
START_TEST(test_a_text_has_its_limit)
{
    static const struct {
        const char *start;
        size_t maximum;
    } texts[] = {{"close=4000&reason=", 123}, {"subprotocol=", 64}};

    for (size_t i = 0; i < 2; i++) {
        for (int more = -1; more <= 1; more++) {
            size_t length = texts[i].maximum + (size_t)more;
            char query[512];
            size_t used = (size_t)snprintf(query, sizeof query, "%s", texts[i].start);

            memset(query + used, 'x', length);
            query[used + length] = '\0';
            ck_assert_int_eq(parse(query), more <= 0);
            memset(query + used, 'x', length);
            for (size_t at = 0; at < length; at++) {
                memcpy(query + used + 3 * at, "%78", 3);
            }
            query[used + 3 * length] = '\0';
            ck_assert_int_eq(parse(query), more <= 0);
        }
    }
}
END_TEST

START_TEST(test_a_problem_is_one_line_however_long_what_is_wrong)
{
    char query[2000];

    for (size_t start = 0; start < 2; start++) {
        memset(query, 'y', sizeof query);
        memcpy(query, start == 0 ? "delay=" : "yyyyyy", 6);
        query[sizeof query - 1] = '\0';
        ck_assert(!parse(query));
        ck_assert_uint_lt(strlen(problem), 130);
        ck_assert_int_eq(problem[strlen(problem) - 1], '.');
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("echo_controls");
    TCase *tests = suite_case(suite, "controls");

    tcase_add_test(tests, test_a_number_has_its_limits);
    tcase_add_test(tests, test_the_limits_are_those_that_were_meant);
    tcase_add_test(tests, test_every_row_has_its_line_of_help);
    tcase_add_loop_test(tests, test_the_documents_have_every_control_with_its_range, 0,
                        sizeof documents / sizeof *documents);
    tcase_add_test(tests, test_a_mistake_is_called_by_its_name);
    tcase_add_test(tests, test_values_arrive);
    tcase_add_test(tests, test_what_is_not_asked_for_is_off);
    tcase_add_test(tests, test_a_text_has_its_limit);
    tcase_add_test(tests, test_a_problem_is_one_line_however_long_what_is_wrong);
    return suite_run(suite);
}

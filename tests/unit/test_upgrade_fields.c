/*
 * The lists in a handshake: RFC 6455 sections 4.3 and 9.1.
 */
#include "protocol/upgrade_fields.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

enum { LINES_MAX = 3, LONG_VALUE = 1 << 20 };

/* What a list says, in up to three lines; NULL: no more lines. */
struct lines {
    const char *values[LINES_MAX];
    bool valid;
};

/* Has a head with these lines of one name judged, each value in a block of its own size. */
static bool judge(const char *name, const struct lines *lines,
                  bool (*valid)(const struct http_head *head))
{
    struct http_field fields[LINES_MAX];
    struct http_head head = {.fields = fields};
    bool result;

    for (size_t i = 0; i < LINES_MAX && lines->values[i] != NULL; i++) {
        size_t length = strlen(lines->values[i]);
        char *value = malloc(length);

        memcpy(value, lines->values[i], length);
        fields[i] = (struct http_field){slice_of(name), {value, length}};
        head.field_count++;
    }
    result = valid(&head);
    for (size_t i = 0; i < head.field_count; i++) {
        free((void *)(uintptr_t)fields[i].value.data);
    }
    return result;
}

static const char *shown(const char *line)
{
    return line != NULL ? line : "nothing";
}

static const struct lines subprotocol_rows[] = {
    {{NULL}, true},
    {{"chat"}, true},
    {{"chat, superchat"}, true},
    {{"chat,superchat ,\tv1.2"}, true},
    {{"chat", "superchat"}, true},
    {{"chat, superchat", "v1", "v2,v3"}, true},
    {{"chat, Chat"}, true}, /* compared as octets: these are two */
    {{"!#$%&'*+-.^_`|~"}, true},
    {{""}, false},
    {{","}, false},
    {{"chat", ""}, false},
    {{"chat,"}, false},
    {{",chat"}, false},
    {{"a,,b"}, false},
    {{"a b"}, false},
    {{"\"a\""}, false},
    {{"a;b"}, false},
    {{"a=b"}, false},
    {{"a/b"}, false},
    {{"a\x80"}, false},
    {{"\xC3\xBC"}, false},
    {{"a\xFF, b"}, false},
    {{"chat, chat"}, false},
    {{"chat, b, chat"}, false},
    {{"chat", "chat"}, false},
    {{"a, b", "c", "b"}, false},
};

START_TEST(test_subprotocols_are_different_tokens)
{
    for (size_t i = 0; i < sizeof subprotocol_rows / sizeof *subprotocol_rows; i++) {
        const struct lines *row = &subprotocol_rows[i];

        ck_assert_msg(
            judge("Sec-WebSocket-Protocol", row, upgrade_subprotocols_valid) == row->valid,
            "%s, %s, %s", shown(row->values[0]), shown(row->values[1]), shown(row->values[2]));
    }
}
END_TEST

/* Writes p0,p1,p2,... with so many names; free with free. */
static char *make_names(size_t count)
{
    char *text = malloc(8 * count + 1);
    char *at = text;

    *text = '\0';
    for (size_t i = 0; i < count; i++) {
        at += sprintf(at, i == 0 ? "p%zu" : ",p%zu", i);
    }
    return text;
}

START_TEST(test_there_may_be_so_many_subprotocols_and_no_more)
{
    for (size_t count = UPGRADE_SUBPROTOCOLS_MAX - 1; count <= UPGRADE_SUBPROTOCOLS_MAX + 1;
         count++) {
        char *names = make_names(count);
        char *all_but_one = make_names(count - 1);
        const struct lines one_line = {{names}, count <= UPGRADE_SUBPROTOCOLS_MAX};
        const struct lines two_lines = {{all_but_one, "last"}, one_line.valid};
        const struct lines twice = {{all_but_one, "p0"}, false};

        ck_assert_int_eq(judge("sec-websocket-protocol", &one_line, upgrade_subprotocols_valid),
                         one_line.valid);
        ck_assert_int_eq(judge("sec-websocket-protocol", &two_lines, upgrade_subprotocols_valid),
                         two_lines.valid);
        ck_assert(!judge("sec-websocket-protocol", &twice, upgrade_subprotocols_valid));
        free(names);
        free(all_but_one);
    }
}
END_TEST

static const struct lines extension_rows[] = {
    {{NULL}, true},
    {{"permessage-deflate"}, true},
    {{"permessage-deflate; client_max_window_bits"}, true},
    {{"permessage-deflate; server_max_window_bits=10; x, permessage-deflate"}, true},
    {{"a;b=c;d=\"e\",f"}, true},
    {{"a ; b = c ; d\t=\t\"e\" , f"}, true},
    {{"a", "b; c", "d; e=\"f\""}, true},
    {{"a;b=\"\\c\""}, true},
    {{"a;b=\"\\c\\d\"; e"}, true},
    {{"constructor, __proto__; toString=valueOf"}, true},
    {{"a, a, a"}, true},
    {{""}, false},
    {{"a", ""}, false},
    {{","}, false},
    {{"a,"}, false},
    {{",a"}, false},
    {{"a,,b"}, false},
    {{"a b"}, false},
    {{"a;"}, false},
    {{"a;;b"}, false},
    {{";a"}, false},
    {{"a;=b"}, false},
    {{"a;b="}, false},
    {{"a;b=,c"}, false},
    {{"a;b=;c"}, false},
    {{"a;b==c"}, false},
    {{"a;b=c d"}, false},
    {{"a;b c"}, false},
    {{"a=b"}, false},
    {{"\"a\""}, false},
    {{"a;\"b\""}, false},
    {{"a/b"}, false},
    {{"a;b=\x80"}, false},
    {{"a;b=\"\x80\""}, false},
    {{"a\xFF"}, false},
    /* quoted strings that are no token, or have no end */
    {{"a;b=\"\""}, false},
    {{"a;b=\"c d\""}, false},
    {{"a;b=\"c,d\""}, false},
    {{"a;b=\"c\\ d\""}, false},
    {{"a;b=\"\\\"\""}, false},
    {{"a;b=\"c\"d"}, false},
    {{"a;b=\"c\"\"d\""}, false},
    {{"a;b=c\"d\""}, false},
    {{"a;b=\""}, false},
    {{"a;b=\"c"}, false},
    {{"a;b=\"\\"}, false},
    {{"a;b=\"c\\"}, false},
    {{"a;b=\"c\\\""}, false},
    {{"a;b=\"c", "d\""}, false},
};

START_TEST(test_extensions_follow_their_grammar)
{
    for (size_t i = 0; i < sizeof extension_rows / sizeof *extension_rows; i++) {
        const struct lines *row = &extension_rows[i];

        ck_assert_msg(
            judge("Sec-WebSocket-Extensions", row, upgrade_extensions_valid) == row->valid,
            "%s, %s, %s", shown(row->values[0]), shown(row->values[1]), shown(row->values[2]));
    }
}
END_TEST

START_TEST(test_other_fields_are_left_alone)
{
    const struct lines malformed = {{"a,,b;=\""}, true};

    ck_assert(judge("Sec-WebSocket-Extension", &malformed, upgrade_extensions_valid));
    ck_assert(judge("Sec-WebSocket-Protocols", &malformed, upgrade_subprotocols_valid));
}
END_TEST

/*
 * What has made other parsers quadratic. A head has a few KiB; with a MiB even a small factor
 * would run into the time limit of the test.
 */
static const struct {
    const char *start;
    const char *repeated;
    const char *end;
    bool valid;
} long_values[] =
    {
        {"a;b=\"", "\\\"", "", false},  {"a;b=\"c", "\\c", "", false},
        {"a;b=\"c", "\\c", "\"", true}, {"a;b=", "c", "", true},
        {"a", " ", "", true}, /* never in a field, whose value is trimmed */
        {"a", " ", ";", false},         {"a", " ", "b", false},
        {"a;b=", "\t", "c", true},      {"a", ";b=c", "", true},
        {"a", ",b", "", true},          {"", ",", "", false},
};

START_TEST(test_the_time_is_linear_in_the_length)
{
    const char *repeated = long_values[_i].repeated;
    size_t step = strlen(repeated);
    char *text = malloc(LONG_VALUE + 16);
    char *at = stpcpy(text, long_values[_i].start);

    while (at - text < LONG_VALUE) {
        memcpy(at, repeated, step);
        at += step;
    }
    stpcpy(at, long_values[_i].end);
    ck_assert_int_eq(
        judge("Sec-WebSocket-Extensions", &(struct lines){{text}, false}, upgrade_extensions_valid),
        long_values[_i].valid);
    free(text);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("upgrade fields");
    TCase *tests = tcase_create("lists");

    tcase_add_test(tests, test_subprotocols_are_different_tokens);
    tcase_add_test(tests, test_there_may_be_so_many_subprotocols_and_no_more);
    tcase_add_test(tests, test_extensions_follow_their_grammar);
    tcase_add_test(tests, test_other_fields_are_left_alone);
    tcase_add_loop_test(tests, test_the_time_is_linear_in_the_length, 0,
                        sizeof long_values / sizeof *long_values);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

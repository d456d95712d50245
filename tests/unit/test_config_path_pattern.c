/*
 * Tests of config/path_pattern.c: the paths of routes.
 */
#include "config/path_pattern.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The parts of a pattern, written as literal|{segment}|{rest*}. */
static const struct good_case {
    const char *text;
    const char *parts;
} good_cases[] = {
    {"/", "/"},
    {"/ws", "/ws"},
    {"/ws/", "/ws/"},
    {"/a/b.c/~d", "/a/b.c/~d"},
    {"/room/{name}", "/room/|{name}"},
    {"/{a}", "/|{a}"},
    {"/{a}/", "/|{a}|/"},
    {"/{a}/{b}", "/|{a}|/|{b}"},
    {"/x/{a}/y/{b}/z", "/x/|{a}|/y/|{b}|/z"},
    {"/{rest*}", "/|{rest*}"},
    {"/files/{user}/{rest*}", "/files/|{user}|/|{rest*}"},
    {"/{A_9}", "/|{A_9}"},
    {"/%7euser/%2d", "/~user/-"},
    {"/a%c3%a4/{x}", "/a%C3%A4/|{x}"},
    {"/%7b", "/%7B"},
    {"/%41%42/{x}/%43%44/{y*}", "/AB/|{x}|/CD/|{y*}"},
    {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p*}",
     "/|{a}|/|{b}|/|{c}|/|{d}|/|{e}|/|{f}|/|{g}|/|{h}|/|{i}|/|{j}|/|{k}|/|{l}|/|{m}|/|{n}|/|{o}|/|"
     "{p*}"},
};

#define WHOLE_SEGMENT "a capture is a whole segment between slashes, as in /room/{name}"
#define NO_CAPTURE(text)                                                                           \
    "\"" text "\" is no capture: a name of letters, digits and _ stands between the braces"

/* A NULL problem: whatever the normalisation says. */
static const struct bad_case {
    const char *text;
    const char *problem;
} bad_cases[] = {
    {"ws", "a path begins with /"},
    {"{name}", "a path begins with /"},
    {"/x{name}", WHOLE_SEGMENT},
    {"/{name}x", WHOLE_SEGMENT},
    {"/{a}{b}", NO_CAPTURE("{a}{b}")},
    {"/{name", WHOLE_SEGMENT},
    {"/name}", WHOLE_SEGMENT},
    {"/}{", WHOLE_SEGMENT},
    {"/{", WHOLE_SEGMENT},
    {"/}", WHOLE_SEGMENT},
    {"/{}", NO_CAPTURE("{}")},
    {"/{*}", NO_CAPTURE("{*}")},
    {"/{1a}", NO_CAPTURE("{1a}")},
    {"/{a-b}", NO_CAPTURE("{a-b}")},
    {"/{a**}", NO_CAPTURE("{a**}")},
    {"/{{a}}", NO_CAPTURE("{{a}}")},
    {"/{a*}/b", "{a*} may stand only at the end"},
    {"/{a*}/", "{a*} may stand only at the end"},
    {"/{a}/x/{a}", "two captures are called \"a\""},
    {"/{a}/{a*}", "two captures are called \"a\""},
    {"/{a}/{b}/{c}/{d}/{e}/{f}/{g}/{h}/{i}/{j}/{k}/{l}/{m}/{n}/{o}/{p}/{q}",
     "more than 16 captures"},
    {"/a//b", NULL},
    {"//", NULL},
    {"/a/../b", NULL},
    {"/./a", NULL},
    {"/{a}/..", NULL},
    {"/%2f", NULL},
    {"/%00", NULL},
    {"/%zz", NULL},
    {"/a?b", "\"?\" must be written %3F"},
    {"/a#b", "\"#\" must be written %23"},
    {"/a b", "\" \" must be written %20"},
    {"/\xc3\xa4", "\"\xc3\xa4\" must be written %C3%A4"},
    {"/\xf0\x9f\x98\x80x", "\"\xf0\x9f\x98\x80\" must be written %F0%9F%98%80"},
    {"/%2e%2e/a", NULL},
};

static void write_parts(const struct path_part *parts, size_t count, char *text, size_t size)
{
    static const char *const before[] = {
        [PATH_PART_LITERAL] = "", [PATH_PART_SEGMENT] = "{", [PATH_PART_REST] = "{"};
    static const char *const after[] = {
        [PATH_PART_LITERAL] = "", [PATH_PART_SEGMENT] = "}", [PATH_PART_REST] = "*}"};

    text[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(text);
        snprintf(text + length, size - length, "%s%s%s%s", i == 0 ? "" : "|", before[parts[i].type],
                 parts[i].text, after[parts[i].type]);
    }
}

START_TEST(test_a_pattern_is_cut_at_its_captures_and_normalised)
{
    char problem[PATH_PATTERN_PROBLEM_BYTES];
    char written[256];
    struct path_part *parts;
    size_t count;

    ck_assert(path_pattern_parse(good_cases[_i].text, &parts, &count, problem));
    write_parts(parts, count, written, sizeof written);
    ck_assert_str_eq(written, good_cases[_i].parts);
    path_pattern_free(parts, count);
}
END_TEST

START_TEST(test_what_is_no_pattern_is_explained)
{
    char problem[PATH_PATTERN_PROBLEM_BYTES] = "";
    struct path_part *parts;
    size_t count;

    ck_assert(!path_pattern_parse(bad_cases[_i].text, &parts, &count, problem));
    if (bad_cases[_i].problem != NULL) {
        ck_assert_str_eq(problem, bad_cases[_i].problem);
    } else {
        ck_assert_str_ne(problem, "");
    }
}
END_TEST

static Suite *path_suite(void)
{
    Suite *suite = suite_create("config paths");
    TCase *tcase = tcase_create("paths");

    tcase_add_loop_test(tcase, test_a_pattern_is_cut_at_its_captures_and_normalised, 0,
                        sizeof good_cases / sizeof *good_cases);
    tcase_add_loop_test(tcase, test_what_is_no_pattern_is_explained, 0,
                        sizeof bad_cases / sizeof *bad_cases);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(path_suite());
}

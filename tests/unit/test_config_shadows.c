/*
 * Tests of config/shadows.c: which routes can never match.
 */
#include "config/shadows.h"

#include "config_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

enum { ROUTES_MAX = 10000, LINE_BYTES = 64 };

static struct config *config;
static size_t first[ROUTES_MAX];

static void clean_up(void)
{
    config_free(config);
}

/* Loads these routes, one of them a line, and finds what shadows each. */
static void find(const char *routes)
{
    char *text = NULL;

    ck_assert_int_gt(asprintf(&text, FIXTURE_LISTENERS "routes:\n%s", routes), 0);
    config = fixture_load(text);
    ck_assert_msg(config != NULL, "%s", fixture_messages);
    ck_assert(shadows_find(config, first));
    free(text);
}

static const struct path_case {
    const char *wide;
    const char *narrow;
    bool covers;
} path_cases[] = {
    {"/", "/", true},
    {"/a", "/a", true},
    {"/a", "/b", false},
    {"/a", "/a/", false},
    {"/a/", "/a", false},
    {"/a", "/ab", false},
    {"/ab", "/a", false},
    {"/~u", "/%7Eu", true},
    {"/{x}", "/a", true},
    {"/{x}", "/{y}", true},
    {"/{x}", "/", false},
    {"/{x}", "/a/", false},
    {"/{x}", "/a/b", false},
    {"/{x}", "/{y}/", false},
    {"/{x}", "/{y*}", false},
    {"/a", "/{x}", false},
    {"/{x}/", "/a/", true},
    {"/{x}/b", "/a/b", true},
    {"/{x}/b", "/a/c", false},
    {"/{x}/b", "/a/{y}", false},
    {"/{x}/{y}", "/a/{z}", true},
    {"/{x}/{y}", "/a/", false},
    {"/{x*}", "/", true},
    {"/{x*}", "/a/b/", true},
    {"/{x*}", "/{y}/{z*}", true},
    {"/a/{x*}", "/a/", true},
    {"/a/{x*}", "/a", false},
    {"/a/{x*}", "/b/c", false},
    {"/a/{x*}", "/{y*}", false},
    {"/{x}/{y*}", "/{z*}", false},
    {"/{x}/{y*}", "/a/", true},
    {"/{x}", "/a%7B%7D", true},
    {"/a", "/a/b", false},
    {"/{x}/b/{y}", "/a/{z}/c", false},
    {"/{x}/{y}/{z*}", "/a/b/c/{d}", true},
};

START_TEST(test_a_path_covers_another_when_it_takes_all_of_its_paths)
{
    char routes[4 * LINE_BYTES];

    snprintf(routes, sizeof routes,
             "  - {path: '%s', handler: echo}\n  - {path: '%s', handler: echo}\n",
             path_cases[_i].wide, path_cases[_i].narrow);
    find(routes);
    ck_assert_uint_eq(first[0], 0);
    ck_assert_uint_eq(first[1], path_cases[_i].covers ? 0 : 1);
}
END_TEST

static const struct host_case {
    const char *wide; /* NULL: all hosts */
    const char *narrow;
    bool covers;
} host_cases[] = {
    {NULL, NULL, true},   {NULL, "a", true},       {NULL, "*.a", true},   {"a", NULL, false},
    {"a", "a", true},     {"a", "b", false},       {"*.a", NULL, false},  {"*.a", "*.a", true},
    {"*.a", "b.a", true}, {"*.a", "*.b.a", true},  {"*.a", "a", false},   {"*.a", "b", false},
    {"*.a", "ba", false}, {"*.b.a", "*.a", false}, {"b.a", "*.a", false},
};

static void write_host(char line[LINE_BYTES], const char *host)
{
    snprintf(line, LINE_BYTES, "  - {path: /, handler: echo%s%s%s}\n",
             host != NULL ? ", host: '" : "", host != NULL ? host : "", host != NULL ? "'" : "");
}

START_TEST(test_a_host_covers_another_when_it_takes_all_of_its_hosts)
{
    char routes[2 * LINE_BYTES];

    write_host(routes, host_cases[_i].wide);
    write_host(routes + strlen(routes), host_cases[_i].narrow);
    find(routes);
    ck_assert_uint_eq(first[1], host_cases[_i].covers ? 0 : 1);
}
END_TEST

START_TEST(test_of_several_the_first_is_named)
{
    find("  - {path: '/a/{x}', handler: echo, host: '*.org'}\n"
         "  - {path: /a/b, handler: echo}\n"
         "  - {path: '/{x}/b', handler: echo}\n"
         "  - {path: '/{x*}', handler: echo}\n"
         "  - {path: /a/b, handler: echo, host: a.org}\n"
         "  - {path: /a/b, handler: echo, host: a.net}\n"
         "  - {path: /c/b, handler: echo}\n"
         "  - {path: /a/b, handler: echo}\n"
         "  - {path: /c, handler: echo}\n");
    static const size_t expected[] = {0, 1, 2, 3, 0, 1, 2, 1, 3};
    for (size_t i = 0; i < sizeof expected / sizeof *expected; i++) {
        ck_assert_uint_eq(first[i], expected[i]);
    }
}
END_TEST

/* What stands around a number in each of the most routes that there may be. */
static const struct {
    const char *before;
    const char *after;
} alike[] = {
    {"/", ""},
    {"/xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx/", ""},
    {"/xxxxxxxxxxxx/{a}/xxxxxxxxxxxxxxxx/", "/{b}"},
    {"/{a}/xxxxxxxxxxxxxxxxxxxxxxxxxxxxx/", "/{b*}"},
    {"/', host: 'xxxxxxxxxxxxxxxxxxxxxxxxxxxx", ".org"},
};

/* Comparing each with each takes several times as long as Check lets a test run. */
START_TEST(test_many_routes_take_no_time)
{
    char *routes = NULL;
    size_t length;
    FILE *stream = open_memstream(&routes, &length);

    ck_assert_ptr_nonnull(stream);
    for (size_t i = 0; i < ROUTES_MAX; i++) {
        fprintf(stream, "  - {path: '%s%zu%s', handler: echo}\n", alike[_i].before, i,
                alike[_i].after);
    }
    ck_assert_int_eq(fclose(stream), 0);
    find(routes);
    free(routes);
    for (size_t i = 0; i < ROUTES_MAX; i++) {
        ck_assert_uint_eq(first[i], i);
    }
}
END_TEST

static Suite *shadows_suite(void)
{
    Suite *suite = suite_create("config shadows");
    TCase *tcase = tcase_create("shadows");

    tcase_add_checked_fixture(tcase, NULL, clean_up);
    tcase_add_loop_test(tcase, test_a_path_covers_another_when_it_takes_all_of_its_paths, 0,
                        sizeof path_cases / sizeof *path_cases);
    tcase_add_loop_test(tcase, test_a_host_covers_another_when_it_takes_all_of_its_hosts, 0,
                        sizeof host_cases / sizeof *host_cases);
    tcase_add_test(tcase, test_of_several_the_first_is_named);
    tcase_add_loop_test(tcase, test_many_routes_take_no_time, 0, sizeof alike / sizeof *alike);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(shadows_suite());
}

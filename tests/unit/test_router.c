/*
 * Which route a request belongs to.
 */
#include "net/router.h"

#include "config/path_pattern.h"
#include "suite.h"

enum { ROUTES = 8 };

static struct route routes[ROUTES];
static struct route *table[ROUTES];
static struct snapshot snapshot = {.routes = table};

/* A row for each route; the order is that of the configuration. */
static const struct {
    const char *path;
    const char *host;
} patterns[ROUTES] = {
    {"/", NULL},
    {"/echo", "echo.example.org"},
    {"/echo", "*.example.org"},
    {"/room/{name}", NULL},
    {"/room/{name}/", NULL},
    {"/room/{name}/of/{house}", NULL},
    {"/files/{rest*}", NULL},
    {"/{any}", "any.example"},
};

static void prepare(void)
{
    for (size_t i = 0; i < ROUTES; i++) {
        char problem[PATH_PATTERN_PROBLEM_BYTES];

        struct route_config *config = &routes[i].config;

        ck_assert(
            path_pattern_parse(patterns[i].path, &config->parts, &config->part_count, problem));
        config->host = (char *)(uintptr_t)patterns[i].host;
        table[i] = &routes[i];
    }
    snapshot.route_count = ROUTES;
}

static void clean_up(void)
{
    for (size_t i = 0; i < ROUTES; i++) {
        path_pattern_free(routes[i].config.parts, routes[i].config.part_count);
    }
}

static const struct {
    const char *host;
    const char *path;
    int route; /* -1: none */
    const char *captures[2];
} rows[] = {
    {"localhost", "/", 0, {NULL}},
    {"echo.example.org", "/echo", 1, {NULL}},
    {"other.example.org", "/echo", 2, {NULL}},
    {"a.b.example.org", "/echo", 2, {NULL}},
    {"example.org", "/echo", -1, {NULL}},
    {".example.org", "/echo", -1, {NULL}},
    {"xexample.org", "/echo", -1, {NULL}},
    {"localhost", "/echo", -1, {NULL}},
    {"localhost", "/echo/", -1, {NULL}},
    {"localhost", "/room/a", 3, {"a"}},
    {"localhost", "/room/a%20b", 3, {"a%20b"}},
    {"localhost", "/room/", -1, {NULL}},
    {"localhost", "/room", -1, {NULL}},
    {"localhost", "/room/a/", 4, {"a"}},
    {"localhost", "/room/a/of/b", 5, {"a", "b"}},
    {"localhost", "/room/a/of/", -1, {NULL}},
    {"localhost", "/room/a/b", -1, {NULL}},
    {"localhost", "/files/", 6, {""}},
    {"localhost", "/files/a/b/c", 6, {"a/b/c"}},
    {"localhost", "/files", -1, {NULL}},
    {"any.example", "/files", 7, {"files"}},
    {"any.example", "/", 0, {NULL}},
    {"", "/", 0, {NULL}},
};

START_TEST(test_the_first_route_that_matches_is_found_with_its_captures)
{
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
    size_t count = 0;
    const struct route *found =
        router_find(&snapshot, slice_of(rows[_i].host), slice_of(rows[_i].path), captures, &count);

    ck_assert_int_eq(found != NULL ? (int)(found - routes) : -1, rows[_i].route);
    for (size_t i = 0; found != NULL && i < 2; i++) {
        const char *expected = rows[_i].captures[i];

        ck_assert_int_eq(i < count, expected != NULL);
        if (expected != NULL) {
            ck_assert(slice_equal(captures[i].value, slice_of(expected)));
        }
    }
}
END_TEST

START_TEST(test_captures_have_the_names_of_the_pattern)
{
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
    size_t count = 0;

    router_find(&snapshot, SLICE("localhost"), SLICE("/room/a/of/b"), captures, &count);
    ck_assert_uint_eq(count, 2);
    ck_assert_str_eq(captures[0].name, "name");
    ck_assert_str_eq(captures[1].name, "house");
}
END_TEST

static const struct {
    const char *host;
    const char *path;
    bool here;      /* at this very path */
    bool elsewhere; /* or at paths that no route has */
} page_rows[] = {
    {"localhost", "/room/a", true, true},   {"localhost", "/", false, false},
    {"localhost", "/nowhere", false, true}, {"echo.example.org", "/echo", false, false},
    {"a.example.org", "/echo", true, true}, {"a.example.org", "/nowhere", false, true},
};

START_TEST(test_a_page_is_where_its_route_is_and_perhaps_where_none_is)
{
    struct slice host = slice_of(page_rows[_i].host);
    struct slice path = slice_of(page_rows[_i].path);

    routes[2].config.settings.page = true;
    routes[3].config.settings.page = true;
    ck_assert_int_eq(router_has_page(&snapshot, host, path, false), page_rows[_i].here);
    ck_assert_int_eq(router_has_page(&snapshot, host, path, true), page_rows[_i].elsewhere);
}
END_TEST

START_TEST(test_a_page_of_another_host_is_none)
{
    struct slice path = SLICE("/nowhere");

    routes[2].config.settings.page = true;
    ck_assert(router_has_page(&snapshot, SLICE("a.example.org"), path, true));
    ck_assert(!router_has_page(&snapshot, SLICE("localhost"), path, true));
}
END_TEST

START_TEST(test_without_routes_nothing_is_found)
{
    struct handler_capture captures[ROUTER_CAPTURES_MAX];
    size_t count = 0;

    snapshot.route_count = 0;
    ck_assert_ptr_null(router_find(&snapshot, SLICE("localhost"), SLICE("/"), captures, &count));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("router");
    TCase *tests = tcase_create("router");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, test_the_first_route_that_matches_is_found_with_its_captures, 0,
                        sizeof rows / sizeof *rows);
    tcase_add_test(tests, test_captures_have_the_names_of_the_pattern);
    tcase_add_loop_test(tests, test_a_page_is_where_its_route_is_and_perhaps_where_none_is, 0,
                        sizeof page_rows / sizeof *page_rows);
    tcase_add_test(tests, test_a_page_of_another_host_is_none);
    tcase_add_test(tests, test_without_routes_nothing_is_found);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

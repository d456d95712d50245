/*
 * Tests of ctl/query.c: whatever a name holds, the target has the syntax that it should.
 */
#include "ctl/query.h"

#include "suite.h"

#include <stdlib.h>

static const struct {
    struct query_parameter parameters[4];
    const char *target;
} targets[] = {
    {{{NULL, NULL}}, "/v1/rooms"},
    {{{"prefix", NULL}, {NULL, NULL}}, "/v1/rooms"},
    {{{"prefix", ""}, {NULL, NULL}}, "/v1/rooms?prefix="},
    {{{"prefix", NULL}, {"limit", "10"}, {NULL, NULL}}, "/v1/rooms?limit=10"},
    {{{"prefix", "a"}, {"after", "0-1"}, {NULL, NULL}}, "/v1/rooms?prefix=a&after=0-1"},
    {{{"prefix", "a b&c=d?e#f/%+"}, {NULL, NULL}},
     "/v1/rooms?prefix=a%20b%26c%3Dd%3Fe%23f%2F%25%2B"},
    {{{"prefix", "\xc3\xbc\xff\r\n"}, {NULL, NULL}}, "/v1/rooms?prefix=%C3%BC%FF%0D%0A"},
    {{{"prefix", "AZaz09-._~"}, {NULL, NULL}}, "/v1/rooms?prefix=AZaz09-._~"},
};

START_TEST(test_parameters_are_encoded)
{
    char *target = query_target("/v1/rooms", targets[_i].parameters);

    ck_assert_str_eq(target, targets[_i].target);
    free(target);
}
END_TEST

static const char *const segments[][2] = {
    {"0-17", "/a/0-17/close"},
    {"", "/a//close"},
    {"x/../y?z", "/a/x%2F..%2Fy%3Fz/close"},
    {"a b\r\n", "/a/a%20b%0D%0A/close"},
};

START_TEST(test_a_segment_is_one_segment)
{
    char *path = query_path("/a/", segments[_i][0], "/close");

    ck_assert_str_eq(path, segments[_i][1]);
    free(path);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("query");
    TCase *tests = suite_case(suite, "query");

    tcase_add_loop_test(tests, test_parameters_are_encoded, 0, sizeof targets / sizeof *targets);
    tcase_add_loop_test(tests, test_a_segment_is_one_segment, 0,
                        sizeof segments / sizeof *segments);
    return suite_run(suite);
}

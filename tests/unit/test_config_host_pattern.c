/*
 * Tests of config/host_pattern.c: the hosts of routes.
 */
#include "config/host_pattern.h"
#include "suite.h"

static const struct pattern_case {
    const char *text;
    const char *problem; /* NULL: good */
} pattern_cases[] = {
    {"example.org", NULL},
    {"localhost", NULL},
    {"*.example.org", NULL},
    {"*.org", NULL},
    {"127.0.0.1", NULL},
    {"[::1]", NULL},
    {"Example.ORG", NULL},
    {"a_b.example.org", NULL},
    {"example.org:8080", "a host is given without a port"},
    {"::1", "a host is given without a port"},
    {"*", "* may stand only for the first labels, as in *.example.org"},
    {"a.*.org", "* may stand only for the first labels, as in *.example.org"},
    {"*.*.org", "* may stand only for the first labels, as in *.example.org"},
    {"*example.org", "* may stand only for the first labels, as in *.example.org"},
    {"*.", "not a host name"},
    {"a..b", "not a host name"},
    {".a", "not a host name"},
    {"a.", "not a host name"},
    {"a b", "not a host name"},
    {"http", NULL},
    {"stra\xc3\x9f"
     "e.de",
     "not a host name"},
    {"[::1", "not an IPv6 address in brackets"},
    {"[x]", "not an IPv6 address in brackets"},
    {"[]", "not an IPv6 address in brackets"},
    {"[0:0::1]", NULL},
    {"*.1.2.3.4", "there is no name below an address"},
    {"*.[::1]", "a host is given without a port"},
};

START_TEST(test_a_pattern_is_good_or_its_fault_is_named)
{
    const char *problem = host_pattern_problem(pattern_cases[_i].text);

    if (pattern_cases[_i].problem == NULL) {
        ck_assert_ptr_null(problem);
    } else {
        ck_assert_ptr_nonnull(problem);
        ck_assert_str_eq(problem, pattern_cases[_i].problem);
    }
}
END_TEST

static Suite *host_suite(void)
{
    Suite *suite = suite_create("config hosts");
    TCase *tcase = tcase_create("hosts");

    tcase_add_loop_test(tcase, test_a_pattern_is_good_or_its_fault_is_named, 0,
                        sizeof pattern_cases / sizeof *pattern_cases);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(host_suite());
}

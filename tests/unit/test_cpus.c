/*
 * How many processors this process may use.
 */
#include "server/cpus.h"

#include "suite.h"

#include <sched.h>
#include <unistd.h>

START_TEST(test_there_is_at_least_one_and_never_more_than_there_are)
{
    ck_assert_uint_ge(cpus_available(), 1);
    ck_assert_int_le(cpus_available(), sysconf(_SC_NPROCESSORS_CONF));
}
END_TEST

START_TEST(test_the_affinity_mask_counts)
{
    cpu_set_t allowed;
    cpu_set_t one;
    int first = 0;

    ck_assert_int_eq(sched_getaffinity(0, sizeof allowed, &allowed), 0);
    while (!CPU_ISSET(first, &allowed)) {
        first++;
    }
    CPU_ZERO(&one);
    CPU_SET(first, &one);
    ck_assert_int_eq(sched_setaffinity(0, sizeof one, &one), 0);
    ck_assert_uint_eq(cpus_available(), 1);
    ck_assert_int_eq(sched_setaffinity(0, sizeof allowed, &allowed), 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("processors");
    TCase *tests = tcase_create("processors");

    tcase_add_test(tests, test_there_is_at_least_one_and_never_more_than_there_are);
    tcase_add_test(tests, test_the_affinity_mask_counts);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

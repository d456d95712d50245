/*
 * Counting connections in and out.
 */
#include "net/admission.h"

#include "suite.h"

static struct admission admission;

static void prepare(void)
{
    admission = (struct admission){.max_connections = 5, .max_pending = 2};
}

static void check_counts(unsigned connections, unsigned pending, unsigned overflow)
{
    ck_assert_uint_eq(atomic_load(&admission.connections), connections);
    ck_assert_uint_eq(atomic_load(&admission.pending), pending);
    ck_assert_uint_eq(atomic_load(&admission.overflow), overflow);
}

START_TEST(test_connections_are_granted_up_to_the_limit_of_pending_ones)
{
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_GRANTED);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_GRANTED);
    check_counts(2, 2, 0);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_OVERFLOW);
    check_counts(2, 2, 1);
    admission_end_pending(&admission);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_GRANTED);
    check_counts(3, 2, 1);
}
END_TEST

START_TEST(test_connections_are_granted_up_to_the_limit_of_all)
{
    for (int i = 0; i < 5; i++) {
        ck_assert_int_eq(admission_ask(&admission), ADMISSION_GRANTED);
        admission_end_pending(&admission);
    }
    check_counts(5, 0, 0);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_OVERFLOW);
    check_counts(5, 0, 1);
    admission_leave(&admission, ADMISSION_GRANTED);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_GRANTED);
}
END_TEST

START_TEST(test_a_bounded_number_over_the_limit_is_let_in_to_be_told_so)
{
    admission.max_connections = 0;
    for (int i = 0; i < ADMISSION_OVERFLOW_MAX; i++) {
        ck_assert_int_eq(admission_ask(&admission), ADMISSION_OVERFLOW);
    }
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_DENIED);
    check_counts(0, 0, ADMISSION_OVERFLOW_MAX);
    admission_leave(&admission, ADMISSION_OVERFLOW);
    ck_assert_int_eq(admission_ask(&admission), ADMISSION_OVERFLOW);
}
END_TEST

START_TEST(test_nothing_stays_counted_when_all_have_left)
{
    enum admission_verdict verdicts[30];

    for (int i = 0; i < 30; i++) {
        verdicts[i] = admission_ask(&admission);
    }
    for (int i = 0; i < 30; i++) {
        if (verdicts[i] == ADMISSION_GRANTED) {
            admission_end_pending(&admission);
        }
        if (verdicts[i] != ADMISSION_DENIED) {
            admission_leave(&admission, verdicts[i]);
        }
    }
    check_counts(0, 0, 0);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admission");
    TCase *tests = tcase_create("admission");

    tcase_add_checked_fixture(tests, prepare, NULL);
    tcase_add_test(tests, test_connections_are_granted_up_to_the_limit_of_pending_ones);
    tcase_add_test(tests, test_connections_are_granted_up_to_the_limit_of_all);
    tcase_add_test(tests, test_a_bounded_number_over_the_limit_is_let_in_to_be_told_so);
    tcase_add_test(tests, test_nothing_stays_counted_when_all_have_left);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

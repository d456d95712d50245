/*
 * Tests of net/accept_count.c: what a name keeps, and for how long.
 */
#include "net/accept_count.h"

#include "suite.h"

#include <string.h>

struct found {
    const char *name;
    unsigned times;
    uint64_t accepted;
};

static void look(void *argument, const char *name, const struct accept_count *count)
{
    struct found *found = argument;

    if (strcmp(name, found->name) == 0) {
        found->times++;
        found->accepted = accept_count_read(count);
    }
}

static struct found find(const char *name)
{
    struct found found = {.name = name};

    accept_count_visit(look, &found);
    return found;
}

START_TEST(test_a_name_counts_in_one_place)
{
    struct accept_count *old = accept_count_hold("shared");
    struct accept_count *new = accept_count_hold("shared");

    accept_count_increase(old);
    accept_count_increase(new);
    ck_assert_ptr_eq(old, new);
    ck_assert_uint_eq(accept_count_read(new), 2);
    accept_count_release(old);
    accept_count_release(new);
}
END_TEST

START_TEST(test_what_was_counted_stays_when_nobody_holds_it)
{
    struct accept_count *count = accept_count_hold("kept");

    accept_count_increase(count);
    accept_count_release(count);
    ck_assert_uint_eq(find("kept").times, 1);
    ck_assert_uint_eq(find("kept").accepted, 1);
    count = accept_count_hold("kept");
    ck_assert_uint_eq(accept_count_read(count), 1);
    accept_count_release(count);
}
END_TEST

START_TEST(test_what_has_counted_nothing_goes_with_its_last_holder)
{
    struct accept_count *count = accept_count_hold("empty");

    ck_assert_ptr_eq(accept_count_hold("empty"), count);
    accept_count_release(count);
    ck_assert_uint_eq(find("empty").times, 1);
    accept_count_release(count);
    ck_assert_uint_eq(find("empty").times, 0);
}
END_TEST

START_TEST(test_those_who_leave_have_been_accepted_all_the_same)
{
    struct accept_count *count = accept_count_hold("busy");

    for (int i = 0; i < 3; i++) {
        accept_count_increase(count);
        accept_count_enter(count);
    }
    accept_count_leave(count);
    ck_assert_uint_eq(accept_count_present(count), 2);
    ck_assert_uint_eq(accept_count_read(count), 3);
    accept_count_release(count);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("accept_count");
    TCase *tests = suite_case(suite, "names");

    tcase_add_test(tests, test_a_name_counts_in_one_place);
    tcase_add_test(tests, test_what_was_counted_stays_when_nobody_holds_it);
    tcase_add_test(tests, test_what_has_counted_nothing_goes_with_its_last_holder);
    tcase_add_test(tests, test_those_who_leave_have_been_accepted_all_the_same);
    return suite_run(suite);
}

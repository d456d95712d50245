/*
 * Tests of ctl/top.c: the largest are kept, in order, and no more of them than there is room for.
 */
#include "ctl/top.h"

#include "suite.h"

static struct top top = {.member = "n"};

static void forget(void)
{
    top_clear(&top);
}

static void offer(json_int_t number, json_int_t mark)
{
    json_t *row = json_pack("{s:I, s:I}", "n", number, "mark", mark);

    ck_assert_ptr_nonnull(row);
    top_offer(&top, row);
    json_decref(row);
}

static json_int_t value(size_t place, const char *name)
{
    return json_integer_value(json_object_get(top.rows[place], name));
}

START_TEST(test_rows_are_in_order)
{
    offer(3, 0);
    offer(9, 1);
    offer(1, 2);
    offer(9, 3);
    ck_assert_uint_eq(top.count, 4);
    ck_assert_int_eq(value(0, "mark"), 1);
    ck_assert_int_eq(value(1, "mark"), 3);
    ck_assert_int_eq(value(2, "mark"), 0);
    ck_assert_int_eq(value(3, "mark"), 2);
}
END_TEST

START_TEST(test_nothing_is_not_among_the_largest)
{
    json_t *other = json_object();

    offer(0, 0);
    offer(-1, 0);
    top_offer(&top, other);
    json_decref(other);
    ck_assert_uint_eq(top.count, 0);
}
END_TEST

START_TEST(test_the_smallest_makes_room)
{
    for (json_int_t i = 1; i <= TOP_MAX + 10; i++) {
        offer(i, 0);
    }
    offer(5, 0);
    ck_assert_uint_eq(top.count, TOP_MAX);
    ck_assert_int_eq(value(0, "n"), TOP_MAX + 10);
    ck_assert_int_eq(value(TOP_MAX - 1, "n"), 11);
    for (json_int_t i = 1; i <= TOP_MAX; i++) {
        offer(1000 - i, 0);
    }
    ck_assert_int_eq(value(0, "n"), 999);
    ck_assert_int_eq(value(TOP_MAX - 1, "n"), 1000 - TOP_MAX);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("top");
    TCase *tests = suite_case(suite, "top");

    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, test_rows_are_in_order);
    tcase_add_test(tests, test_nothing_is_not_among_the_largest);
    tcase_add_test(tests, test_the_smallest_makes_room);
    return suite_run(suite);
}

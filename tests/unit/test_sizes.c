/*
 * Payload sizes: what they may be written as, and that what is drawn is what was asked for.
 */
#include "bench/sizes.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { DRAWN = 1000 };

struct good {
    const char *text;
    size_t least;
    size_t most;
    double mean;
};

static const struct good goods[] = {
    {"0", 0, 0, 0},
    {"20", 20, 20, 20},
    {"1KiB", 1024, 1024, 1024},
    {"2MiB", 2 << 20, 2 << 20, 2 << 20},
    {"10-20", 10, 20, 15},
    {"0-1KiB", 0, 1024, 512},
    {"7:1", 7, 7, 7},
    {"20:90,1KiB:10", 20, 1024, 120.4},
    {"10:0.5,30:1.5", 10, 30, 25},
};

START_TEST(test_what_is_drawn_is_what_was_asked_for)
{
    const struct good *good = &goods[_i];
    struct sizes sizes;
    size_t drawn[DRAWN];
    uint64_t seed = 1;
    double sum = 0;

    ck_assert_msg(sizes_parse(good->text, &sizes), "%s", good->text);
    ck_assert_uint_eq(sizes_least(&sizes), good->least);
    ck_assert_uint_eq(sizes_most(&sizes), good->most);
    ck_assert_double_eq_tol(sizes_mean(&sizes), good->mean, 1e-6);
    ck_assert_int_eq(sizes_are_one(&sizes), good->least == good->most);
    sizes_draw(&sizes, &seed, drawn, DRAWN);
    for (size_t i = 0; i < DRAWN; i++) {
        ck_assert_uint_ge(drawn[i], good->least);
        ck_assert_uint_le(drawn[i], good->most);
        sum += (double)drawn[i];
    }
    ck_assert_msg(sum / DRAWN >= good->mean * 0.995 && sum / DRAWN <= good->mean * 1.005,
                  "%s: a mean of %g", good->text, sum / DRAWN);
}
END_TEST

START_TEST(test_weights_are_kept_and_the_order_is_mixed)
{
    struct sizes sizes;
    size_t drawn[DRAWN];
    uint64_t seed = 1;
    size_t large = 0;
    size_t changes = 0;

    ck_assert(sizes_parse("20:75,1KiB:25", &sizes));
    sizes_draw(&sizes, &seed, drawn, DRAWN);
    for (size_t i = 0; i < DRAWN; i++) {
        large += drawn[i] == 1024;
        changes += i > 0 && drawn[i] != drawn[i - 1];
    }
    ck_assert_uint_eq(large, DRAWN / 4);
    ck_assert_uint_gt(changes, DRAWN / 5);
}
END_TEST

/* From one end of a range to the other, and no size twice as often as another. */
START_TEST(test_all_sizes_of_a_range_are_equally_frequent)
{
    enum { LEAST = 100, MOST = 199, EACH = DRAWN / (MOST - LEAST + 1) };
    struct sizes sizes;
    size_t drawn[DRAWN];
    size_t counts[MOST + 1] = {0};
    uint64_t seed = 1;

    ck_assert(sizes_parse("100-199", &sizes));
    sizes_draw(&sizes, &seed, drawn, DRAWN);
    for (size_t i = 0; i < DRAWN; i++) {
        counts[drawn[i]]++;
    }
    for (size_t size = LEAST; size <= MOST; size++) {
        ck_assert_uint_eq(counts[size], EACH);
    }
}
END_TEST

static const char *const bads[] = {
    "",      "-1",    "a",    "1-",     "-2",      "2-1",    "1-2-3", "1,2",
    "1:",    ":1",    "1:0",  "1:-1",   "1:a",     "1:1,",   "1:1,2", "1:1;2:1",
    "1 KiB", "1KB",   "1kib", "1KiBa",  "1KiBMiB", "1.5KiB", "+1",    "99999999999999999999",
    "1:inf", "1:1e9", "0x10", "1-2:10",
};

START_TEST(test_what_is_no_size_is_not_taken)
{
    struct sizes sizes;

    ck_assert_msg(!sizes_parse(bads[_i], &sizes), "\"%s\"", bads[_i]);
}
END_TEST

START_TEST(test_there_may_be_so_many_sizes_and_no_more)
{
    char text[8 * (SIZES_MAX + 1)] = "";
    struct sizes sizes;

    for (int i = 0; i < SIZES_MAX; i++) {
        snprintf(text + strlen(text), sizeof text - strlen(text), "%s%d:1", i > 0 ? "," : "", i);
    }
    ck_assert(sizes_parse(text, &sizes));
    ck_assert_uint_eq(sizes.count, SIZES_MAX);
    snprintf(text + strlen(text), sizeof text - strlen(text), ",1:1");
    ck_assert(!sizes_parse(text, &sizes));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("sizes");
    TCase *tests = suite_case(suite, "sizes");

    tcase_add_loop_test(tests, test_what_is_drawn_is_what_was_asked_for, 0,
                        sizeof goods / sizeof *goods);
    tcase_add_test(tests, test_all_sizes_of_a_range_are_equally_frequent);
    tcase_add_test(tests, test_weights_are_kept_and_the_order_is_mixed);
    tcase_add_loop_test(tests, test_what_is_no_size_is_not_taken, 0, sizeof bads / sizeof *bads);
    tcase_add_test(tests, test_there_may_be_so_many_sizes_and_no_more);
    return suite_run(suite);
}

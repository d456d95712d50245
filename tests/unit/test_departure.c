/*
 * The moments at which connections depart.
 */
#include "net/departure.h"

#include "suite.h"

enum { CONNECTIONS = 5000, PARTS = 100, DAY_MS = 24 * 60 * 60 * 1000 };

/* Distances of objects of one size from each other, as allocators place them. */
static const size_t distances[] = {16, 288, 4096, 65536};

enum { DISTANCES = sizeof distances / sizeof distances[0] };

static int64_t moment_of(const struct departure *departure, size_t address)
{
    return departure_moment_ms(departure, (const void *)address);
}

START_TEST(test_nearly_as_many_leave_in_every_part_of_the_span)
{
    const struct departure departure = {
        .start_ms = 1000, .span_ms = 10000, .seed = (uint32_t)_i * 77777};

    for (size_t i = 0; i < DISTANCES; i++) {
        unsigned parts[PARTS] = {0};

        for (size_t conn = 0; conn < CONNECTIONS; conn++) {
            int64_t moment = moment_of(&departure, 0x555500001000 + conn * distances[i]);

            ck_assert_int_ge(moment, departure.start_ms);
            ck_assert_int_lt(moment, departure.start_ms + departure.span_ms);
            parts[(moment - departure.start_ms) * PARTS / departure.span_ms]++;
        }
        for (int part = 0; part < PARTS; part++) {
            ck_assert_uint_le(parts[part], 2 * CONNECTIONS / PARTS);
        }
    }
}
END_TEST

START_TEST(test_the_order_differs_from_seed_to_seed)
{
    const struct departure first = {.span_ms = DAY_MS, .seed = 1};
    const struct departure second = {.span_ms = DAY_MS, .seed = 2};

    ck_assert_int_ne(moment_of(&first, 0x1000), moment_of(&second, 0x1000));
}
END_TEST

START_TEST(test_the_longest_span_and_the_shortest)
{
    const struct departure longest = {.start_ms = 1, .span_ms = DAY_MS};
    const struct departure shortest = {.start_ms = 1, .span_ms = 1};
    int64_t latest = 0;

    for (size_t conn = 0; conn < CONNECTIONS; conn++) {
        int64_t moment = moment_of(&longest, 0x1000 + conn * 288);

        latest = moment > latest ? moment : latest;
        ck_assert_int_eq(moment_of(&shortest, 0x1000 + conn * 288), 1);
    }
    ck_assert_int_gt(latest, DAY_MS / 10 * 9);
    ck_assert_int_le(latest, DAY_MS);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("departure");
    TCase *tests = suite_case(suite, "departure");

    tcase_add_loop_test(tests, test_nearly_as_many_leave_in_every_part_of_the_span, 0, 10);
    tcase_add_test(tests, test_the_order_differs_from_seed_to_seed);
    tcase_add_test(tests, test_the_longest_span_and_the_shortest);
    return suite_run(suite);
}

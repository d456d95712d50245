/*
 * Tests of net/route_counters.c: which route counts where.
 */
#include "net/route_counters.h"

#include "config/config.h"
#include "suite.h"

#include <stdio.h>

enum { MANY = 1000 };

static const struct handler_schema echo = {.name = "echo"};
static const struct handler_schema broadcast = {.name = "broadcast"};

static struct route_counters_table table;

static struct route_counters *counters_of(const char *host, const char *path,
                                          const struct handler_schema *handler)
{
    char host_text[32];
    char path_text[32];
    struct route_config route = {.path = path_text, .handler = handler};

    snprintf(path_text, sizeof path_text, "%s", path);
    if (host != NULL) {
        snprintf(host_text, sizeof host_text, "%s", host);
        route.host = host_text;
    }
    return route_counters_of(&table, &route);
}

static void empty_table(void)
{
    route_counters_free(&table);
    ck_assert_ptr_null(table.first);
}

START_TEST(test_a_route_that_is_read_again_goes_on_counting)
{
    struct route_counters *first = counters_of("a.example", "/x", &echo);

    ck_assert_ptr_eq(counters_of("a.example", "/x", &echo), first);
    ck_assert_str_eq(first->name, "a.example/x");
    ck_assert_str_eq(first->handler, "echo");
    ck_assert_uint_eq(table.count, 1);
}
END_TEST

START_TEST(test_host_path_and_handler_make_the_difference)
{
    struct route_counters *all[] = {
        counters_of(NULL, "/x", &echo),  counters_of(NULL, "/x", &broadcast),
        counters_of(NULL, "/xy", &echo), counters_of("a", "/x", &echo),
        counters_of("ab", "/x", &echo),  counters_of(NULL, "/", &echo),
    };

    for (size_t i = 0; i < sizeof all / sizeof *all; i++) {
        ck_assert_uint_eq(all[i]->index, i);
        for (size_t j = 0; j < i; j++) {
            ck_assert_ptr_ne(all[i], all[j]);
        }
    }
}
END_TEST

START_TEST(test_many_are_listed_in_their_order)
{
    size_t index = 0;
    char path[32];

    for (int i = 0; i < MANY; i++) {
        snprintf(path, sizeof path, "/%d", i);
        counters_of(NULL, path, &echo)->ended.messages_in = (uint64_t)i;
    }
    for (const struct route_counters *counters = table.first; counters != NULL;
         counters = counters->next) {
        ck_assert_uint_eq(counters->index, index);
        ck_assert_uint_eq(counters->ended.messages_in, index);
        index++;
    }
    ck_assert_uint_eq(index, MANY);
    ck_assert_uint_eq(counters_of(NULL, "/500", &echo)->index, 500);
}
END_TEST

START_TEST(test_traffic_adds_up)
{
    struct traffic sum = {1, 2, 3, 4};

    traffic_add(&sum, &(struct traffic){10, 20, 30, 40});
    ck_assert_uint_eq(sum.messages_in, 11);
    ck_assert_uint_eq(sum.messages_out, 22);
    ck_assert_uint_eq(sum.bytes_in, 33);
    ck_assert_uint_eq(sum.bytes_out, 44);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("route_counters");
    TCase *tests = suite_case(suite, "table");

    tcase_add_checked_fixture(tests, NULL, empty_table);
    tcase_add_test(tests, test_a_route_that_is_read_again_goes_on_counting);
    tcase_add_test(tests, test_host_path_and_handler_make_the_difference);
    tcase_add_test(tests, test_many_are_listed_in_their_order);
    tcase_add_test(tests, test_traffic_adds_up);
    return suite_run(suite);
}

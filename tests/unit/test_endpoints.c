/*
 * Tests of admin/endpoints.c: which request finds whom.
 */
#include "admin/endpoints.h"

#include "admin/answers.h"
#include "suite.h"

static const struct endpoint *endpoint;
static struct slice element;
static char allow[ENDPOINT_ALLOW_BYTES];

static enum endpoint_result find(const char *method, const char *path)
{
    endpoint = NULL;
    return endpoint_find(slice_of(method), slice_of(path), &endpoint, &element, allow);
}

static const struct {
    const char *method;
    const char *path;
    endpoint_answer *answer;
    const char *element;
} known[] = {
    {"GET", "/metrics", answer_metrics, ""},
    {"GET", "/v1/log-level", answer_log_level, ""},
    {"PUT", "/v1/log-level", change_log_level, ""},
    {"POST", "/v1/drain", begin_drain, ""},
    {"POST", "/v1/rooms/close", close_room, ""},
    {"POST", "/v1/connections/0-1/close", close_connection, "0-1"},
    {"POST", "/v1/connections/close/close", close_connection, "close"},
};

START_TEST(test_a_request_finds_who_answers_it)
{
    ck_assert_int_eq(find(known[_i].method, known[_i].path), ENDPOINT_FOUND);
    ck_assert_ptr_eq(endpoint->answer, known[_i].answer);
    ck_assert(slice_equal(element, slice_of(known[_i].element)));
}
END_TEST

static const char *const unknown[] = {
    "",
    "/",
    "/metrics/",
    "/Metrics",
    "/v1",
    "/v1/connections/close",
    "/v1/connections//close",
    "/v1/connections/0-1",
    "/v1/connections/0-1/",
    "/v1/connections/0-1/close/",
    "/v1/connections/0/1/close",
    "/v1/connection",
};

START_TEST(test_other_paths_find_nobody)
{
    ck_assert_int_eq(find("GET", unknown[_i]), ENDPOINT_UNKNOWN);
}
END_TEST

static const struct {
    const char *method;
    const char *path;
    const char *allow;
} wrong[] = {
    {"POST", "/metrics", "GET, HEAD"},
    {"get", "/metrics", "GET, HEAD"},
    {"POST", "/v1/log-level", "GET, HEAD, PUT"},
    {"GET", "/v1/drain", "POST"},
    {"GET", "/v1/connections/0-1/close", "POST"},
    {"GE", "/v1/status", "GET, HEAD"},
};

START_TEST(test_a_wrong_method_is_told_the_right_ones)
{
    ck_assert_int_eq(find(wrong[_i].method, wrong[_i].path), ENDPOINT_WRONG_METHOD);
    ck_assert_str_eq(allow, wrong[_i].allow);
}
END_TEST

START_TEST(test_three_paths_are_free)
{
    static const char *const not_free[] = {"/v1/status", "/", "", "/metrics/", "/metricsx"};

    ck_assert(endpoint_is_free(slice_of("/metrics")));
    ck_assert(endpoint_is_free(slice_of("/healthz")));
    ck_assert(endpoint_is_free(slice_of("/readyz")));
    for (size_t i = 0; i < sizeof not_free / sizeof *not_free; i++) {
        ck_assert(!endpoint_is_free(slice_of(not_free[i])));
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("endpoints");
    TCase *tests = suite_case(suite, "table");

    tcase_add_loop_test(tests, test_a_request_finds_who_answers_it, 0,
                        sizeof known / sizeof *known);
    tcase_add_loop_test(tests, test_other_paths_find_nobody, 0, sizeof unknown / sizeof *unknown);
    tcase_add_loop_test(tests, test_a_wrong_method_is_told_the_right_ones, 0,
                        sizeof wrong / sizeof *wrong);
    tcase_add_test(tests, test_three_paths_are_free);
    return suite_run(suite);
}

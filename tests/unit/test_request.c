/*
 * Tests of admin/request.c: heads and queries.
 */
#include "admin/request.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

static struct request request;
static struct http_refusal refusal;

/* Reads a head whose lines are given without the last two ends. Returns 0, or what is answered. */
static int read_head(const char *lines)
{
    static char head[REQUEST_HEAD_MAX_BYTES];
    int length = snprintf(head, sizeof head, "%s\r\n\r\n", lines);

    refusal = (struct http_refusal){0};
    return request_read((struct slice){head, (size_t)length}, &request, &refusal) ? 0
                                                                                  : refusal.status;
}

static void assert_slice(struct slice slice, const char *expected)
{
    ck_assert_msg(slice_equal(slice, slice_of(expected)), "%.*s is not %s", (int)slice.length,
                  slice.data, expected);
}

/* ---- heads ---- */

START_TEST(test_path_and_query_are_told_apart)
{
    static const struct {
        const char *line;
        const char *path;
        const char *query;
    } rows[] = {
        {"GET / HTTP/1.1", "/", ""},
        {"GET /? HTTP/1.1", "/", ""},
        {"GET /a/b?c=d HTTP/1.1", "/a/b", "c=d"},
        {"GET /a?b?c HTTP/1.1", "/a", "b?c"},
        {"GET /a%3Fb HTTP/1.1", "/a%3Fb", ""},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(read_head(rows[i].line), 0);
        assert_slice(request.path, rows[i].path);
        assert_slice(request.query, rows[i].query);
        assert_slice(request.method, "GET");
    }
}
END_TEST

START_TEST(test_head_counts_as_get)
{
    ck_assert_int_eq(read_head("HEAD / HTTP/1.1"), 0);
    assert_slice(request.method, "GET");
    ck_assert(request.head_only);
    ck_assert_int_eq(read_head("GET / HTTP/1.1"), 0);
    ck_assert(!request.head_only);
}
END_TEST

START_TEST(test_only_the_origin_form_is_taken)
{
    ck_assert_int_eq(read_head("GET http://x/ HTTP/1.1"), 400);
    ck_assert_int_eq(read_head("GET * HTTP/1.1"), 400);
    ck_assert_int_eq(read_head("CONNECT x:1 HTTP/1.1"), 400);
}
END_TEST

static const struct {
    const char *fields;
    int status;
    size_t body_bytes;
} bodies[] = {
    {"X: y", 0, 0},
    {"Content-Length: 0", 0, 0},
    {"content-length: 17", 0, 17},
    {"Content-Length: 0000000000000000000000017", 0, 17},
    {"Content-Length: 1048575", 0, REQUEST_BODY_MAX_BYTES - 1},
    {"Content-Length: 1048576", 0, REQUEST_BODY_MAX_BYTES},
    {"Content-Length: 1048577", 413, 0},
    {"Content-Length: 18446744073709551616", 413, 0},
    {"Content-Length: 99999999999999999999999999999999999999", 413, 0},
    {"Content-Length: ", 400, 0},
    {"Content-Length: -1", 400, 0},
    {"Content-Length: +1", 400, 0},
    {"Content-Length: 1 ", 0, 1},
    {"Content-Length: 1, 1", 400, 0},
    {"Content-Length: 0x1", 400, 0},
    {"Content-Length: 1\r\nContent-Length: 1", 400, 0},
    {"Transfer-Encoding: chunked", 400, 0},
    {"Transfer-Encoding: identity\r\nContent-Length: 1", 400, 0},
};

START_TEST(test_a_body_has_one_length)
{
    char lines[256];

    snprintf(lines, sizeof lines, "POST / HTTP/1.1\r\n%s", bodies[_i].fields);
    ck_assert_int_eq(read_head(lines), bodies[_i].status);
    if (bodies[_i].status == 0) {
        ck_assert_uint_eq(request.body_bytes, bodies[_i].body_bytes);
    }
}
END_TEST

START_TEST(test_one_authorization_is_taken)
{
    ck_assert_int_eq(read_head("GET / HTTP/1.1\r\nauthorization:  Bearer x "), 0);
    assert_slice(request.authorization, "Bearer x");
    ck_assert_int_eq(read_head("GET / HTTP/1.1\r\nA: b"), 0);
    ck_assert_uint_eq(request.authorization.length, 0);
    ck_assert_int_eq(read_head("GET / HTTP/1.1\r\nAuthorization: a\r\nAuthorization: a"), 400);
}
END_TEST

static const struct {
    const char *fields;
    bool wanted;
} accepts[] = {
    {"Accept: text/plain", false},
    {"Accept: */*", false},
    {"Accept: application/openmetrics-text", true},
    {"accept: text/plain;q=0.5, Application/OpenMetrics-Text;version=1.0.0;q=0.6", true},
    {"Accept: text/plain\r\nAccept: application/openmetrics-text; version=1.0.0", true},
    {"Accept: application/openmetrics-textual", false},
    {"Accept: application/openmetrics-tex", false},
    {"Accept: application/openmetrics-text ; q=1", true},
    {"Accept: text/plain;x=application/openmetrics-text", false},
};

START_TEST(test_open_metrics_are_asked_for_by_name)
{
    char lines[256];

    snprintf(lines, sizeof lines, "GET / HTTP/1.1\r\n%s", accepts[_i].fields);
    ck_assert_int_eq(read_head(lines), 0);
    ck_assert_int_eq(request.wants_open_metrics, accepts[_i].wanted);
}
END_TEST

START_TEST(test_a_client_may_wait_before_it_sends_its_body)
{
    ck_assert_int_eq(read_head("PUT / HTTP/1.1\r\nExpect: 100-Continue"), 0);
    ck_assert(request.expects_continue);
    ck_assert_int_eq(read_head("PUT / HTTP/1.1\r\nExpect: more"), 0);
    ck_assert(!request.expects_continue);
}
END_TEST

/* ---- queries ---- */

static const struct {
    const char *query;
    const char *name;
    int result;
    const char *value;
} parameters[] = {
    {"", "a", 0, ""},
    {"a=b", "a", 1, "b"},
    {"a=", "a", 1, ""},
    {"a", "a", 1, ""},
    {"aa=b", "a", 0, ""},
    {"b=a&a=c", "a", 1, "c"},
    {"a=1&a=2", "a", 1, "1"},
    {"&&a=b&&", "a", 1, "b"},
    {"a=b=c", "a", 1, "b=c"},
    {"a=%41%2b%2F+%20", "a", 1, "A+/  "},
    {"a=%c3%A9", "a", 1, "\xc3\xa9"},
    {"a=1234567", "a", 1, "1234567"},
    {"a=12345678", "a", -1, ""},
    {"a=%31%32%33%34%35%36%37%38", "a", -1, ""},
    {"a=%", "a", -1, ""},
    {"a=%4", "a", -1, ""},
    {"a=%4g", "a", -1, ""},
    {"a=%g4", "a", -1, ""},
    {"a=%00", "a", -1, ""},
    {"%61=b", "a", 0, ""},
};

START_TEST(test_parameters_are_decoded)
{
    char value[8];

    ck_assert_int_eq(
        request_parameter(slice_of(parameters[_i].query), parameters[_i].name, value, sizeof value),
        parameters[_i].result);
    if (parameters[_i].result >= 0) {
        ck_assert_str_eq(value, parameters[_i].value);
    }
}
END_TEST

START_TEST(test_the_first_unknown_parameter_is_found)
{
    static const char *const names[] = {"a", "bc", NULL};
    static const struct {
        const char *query;
        const char *unknown;
    } rows[] = {
        {"", ""},           {"a=1&bc=2", ""}, {"&&", ""},   {"=x", ""},
        {"a=1&b=2&c", "b"}, {"bcd=1", "bcd"}, {"A=1", "A"}, {"c", "c"},
    };

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        assert_slice(request_unknown_parameter(slice_of(rows[i].query), names), rows[i].unknown);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("request");
    TCase *tests = suite_case(suite, "requests");

    tcase_add_test(tests, test_path_and_query_are_told_apart);
    tcase_add_test(tests, test_head_counts_as_get);
    tcase_add_test(tests, test_only_the_origin_form_is_taken);
    tcase_add_loop_test(tests, test_a_body_has_one_length, 0, sizeof bodies / sizeof *bodies);
    tcase_add_test(tests, test_one_authorization_is_taken);
    tcase_add_loop_test(tests, test_open_metrics_are_asked_for_by_name, 0,
                        sizeof accepts / sizeof *accepts);
    tcase_add_test(tests, test_a_client_may_wait_before_it_sends_its_body);
    tcase_add_loop_test(tests, test_parameters_are_decoded, 0,
                        sizeof parameters / sizeof *parameters);
    tcase_add_test(tests, test_the_first_unknown_parameter_is_found);
    return suite_run(suite);
}

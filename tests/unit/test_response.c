/*
 * Tests of ctl/response.c: whole, byte by byte, at its limits, and wrong in many ways.
 */
#include "ctl/response.h"

#include "suite.h"

#include <stdlib.h>

static struct response response;
static const char *problem;

static void forget(void)
{
    response_free(&response);
}

static enum response_verdict take(struct slice bytes)
{
    return response_take(&response, bytes, &problem);
}

static const char good[] = "HTTP/1.1 404 Not Found\r\n"
                           "Content-Type: application/json\r\n"
                           "content-length: \t2 \r\n"
                           "Connection: close\r\n\r\n{}";

static void check_good(void)
{
    ck_assert_int_eq(response.status, 404);
    ck_assert(slice_equal(response_body(&response), SLICE("{}")));
    ck_assert_str_eq(response_body(&response).data, "{}");
}

START_TEST(test_an_answer_in_one_piece)
{
    ck_assert_int_eq(take(slice_of(good)), RESPONSE_COMPLETE);
    check_good();
}
END_TEST

START_TEST(test_an_answer_byte_by_byte)
{
    for (size_t i = 0; i < sizeof good - 2; i++) {
        ck_assert_int_eq(take((struct slice){good + i, 1}), RESPONSE_INCOMPLETE);
    }
    ck_assert_int_eq(take((struct slice){good + sizeof good - 2, 1}), RESPONSE_COMPLETE);
    check_good();
}
END_TEST

START_TEST(test_an_answer_in_two_pieces_cut_anywhere)
{
    for (size_t i = 1; i < sizeof good - 1; i++) {
        ck_assert_int_eq(take((struct slice){good, i}), RESPONSE_INCOMPLETE);
        ck_assert_int_eq(take(slice_of(good + i)), RESPONSE_COMPLETE);
        check_good();
        response_free(&response);
    }
}
END_TEST

static const struct {
    const char *text;
    int status;
    const char *body;
} goods[] = {
    {"HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"HTTP/1.1 200\r\nContent-Length: 0\r\n\r\n", 200, ""},
    {"HTTP/1.0 599 \r\nContent-Length:3\r\nX:\r\n\r\nabc", 599, "abc"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 000000000000004\r\n\r\n\r\n\r\n", 200, "\r\n\r\n"},
};

START_TEST(test_what_is_understood)
{
    ck_assert_int_eq(take(slice_of(goods[_i].text)), RESPONSE_COMPLETE);
    ck_assert_int_eq(response.status, goods[_i].status);
    ck_assert_str_eq(response_body(&response).data, goods[_i].body);
}
END_TEST

static const struct {
    const char *text;
    const char *problem;
} bads[] = {
    {"HTTP/2 200 OK\r\nContent-Length: 0\r\n\r\n", "does not begin"},
    {"HTTP/1.1 99 OK\r\nContent-Length: 0\r\n\r\n", "does not begin"},
    {"HTTP/1.1 100 Continue\r\n\r\n", "does not begin"},
    {"HTTP/1.1 600 OK\r\nContent-Length: 0\r\n\r\n", "does not begin"},
    {"HTTP/1.1 2000 OK\r\nContent-Length: 0\r\n\r\n", "does not begin"},
    {"HTTP/1.1  200 OK\r\nContent-Length: 0\r\n\r\n", "does not begin"},
    {"SSH-2.0-OpenSSH_9.2p1\r\n\r\n", "does not begin"},
    {"\r\n\r\n", "does not begin"},
    {"HTTP/1.1 200 OK\r\n\r\n", "no Content-Length"},
    {"HTTP/1.1 200 OK\r\nContent-Length\r\n\r\n", "no field"},
    {"HTTP/1.1 200 OK\r\n: 0\r\n\r\n", "no field"},
    {"HTTP/1.1 200 OK\r\nContent-Length : 0\r\n\r\n", "no field"},
    {"HTTP/1.1 200 OK\r\nContent-Length:\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1x\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 0000000000000001\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 99999999999999999999\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\nContent-Length: 1\r\n\r\n", "makes no sense"},
    {"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n", "in pieces"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 67108865\r\n\r\n", "larger than 64 MiB"},
    {"HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\nab", "longer than it says"},
};

START_TEST(test_what_is_wrong)
{
    ck_assert_int_eq(take(slice_of(bads[_i].text)), RESPONSE_WRONG);
    ck_assert_msg(strstr(problem, bads[_i].problem) != NULL, "\"%s\" instead of \"%s\"", problem,
                  bads[_i].problem);
}
END_TEST

/* A head of so many bytes, of which the first `given` are taken. */
static enum response_verdict take_head(size_t bytes, size_t given)
{
    static char head[RESPONSE_HEAD_MAX_BYTES + 2];
    static const char begin[] = "HTTP/1.1 200 OK\r\nContent-Length: 0\r\nX: ";

    memset(head, 'x', sizeof head);
    memcpy(head, begin, strlen(begin));
    memcpy(head + bytes - 4, "\r\n\r\n", 4);
    return take((struct slice){head, given});
}

START_TEST(test_a_head_has_a_limit)
{
    ck_assert_int_eq(take_head(RESPONSE_HEAD_MAX_BYTES, RESPONSE_HEAD_MAX_BYTES),
                     RESPONSE_COMPLETE);
    response_free(&response);
    ck_assert_int_eq(take_head(RESPONSE_HEAD_MAX_BYTES + 1, RESPONSE_HEAD_MAX_BYTES),
                     RESPONSE_INCOMPLETE);
    response_free(&response);
    ck_assert_int_eq(take_head(RESPONSE_HEAD_MAX_BYTES + 1, RESPONSE_HEAD_MAX_BYTES + 1),
                     RESPONSE_WRONG);
    ck_assert_str_eq(problem, "has a head of more than 16 KiB");
}
END_TEST

START_TEST(test_a_declared_length_takes_no_memory)
{
    ck_assert_int_eq(take(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")),
                     RESPONSE_INCOMPLETE);
    ck_assert_uint_lt(response.capacity, 1000);
}
END_TEST

START_TEST(test_a_body_may_be_as_large_as_the_limit)
{
    enum { PIECE = 1 << 20 };
    char *piece = calloc(1, PIECE);

    ck_assert_ptr_nonnull(piece);
    ck_assert_int_eq(take(SLICE("HTTP/1.1 200 OK\r\nContent-Length: 67108864\r\n\r\n")),
                     RESPONSE_INCOMPLETE);
    for (size_t i = 1; i < RESPONSE_BODY_MAX_BYTES / PIECE; i++) {
        ck_assert_int_eq(take((struct slice){piece, PIECE}), RESPONSE_INCOMPLETE);
    }
    ck_assert_int_eq(take((struct slice){piece, PIECE}), RESPONSE_COMPLETE);
    ck_assert_uint_eq(response_body(&response).length, RESPONSE_BODY_MAX_BYTES);
    free(piece);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("response");
    TCase *tests = suite_case(suite, "response");

    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, test_an_answer_in_one_piece);
    tcase_add_test(tests, test_an_answer_byte_by_byte);
    tcase_add_test(tests, test_an_answer_in_two_pieces_cut_anywhere);
    tcase_add_loop_test(tests, test_what_is_understood, 0, sizeof goods / sizeof *goods);
    tcase_add_loop_test(tests, test_what_is_wrong, 0, sizeof bads / sizeof *bads);
    tcase_add_test(tests, test_a_head_has_a_limit);
    tcase_add_test(tests, test_a_declared_length_takes_no_memory);
    tcase_add_test(tests, test_a_body_may_be_as_large_as_the_limit);
    return suite_run(suite);
}

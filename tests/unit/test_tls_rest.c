/*
 * What is kept of ciphertext, against the bytes that were added.
 */
#include "net/tls_rest.h"

#include "suite.h"

#include <errno.h>
#include <string.h>

enum { STREAM_BYTES = 1 << 20, PART_MAX_BYTES = 5000 };

static struct pool pool;
static struct tls_rest rest;
static uint8_t stream[STREAM_BYTES];

static uint64_t random_state = 1;

static size_t random_below(size_t bound)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(random_state >> 33) % bound;
}

static void prepare(void)
{
    pool_init(&pool);
    for (size_t i = 0; i < STREAM_BYTES; i++) {
        stream[i] = (uint8_t)random_below(256);
    }
}

static void clean_up(void)
{
    tls_rest_free(&pool, &rest);
    pool_destroy(&pool);
}

static void check_rest(size_t sent, size_t added)
{
    ck_assert_uint_eq(tls_rest_length(&rest), added - sent);
    ck_assert_int_eq(rest.bytes == NULL, added == sent);
    if (added > sent) {
        ck_assert_mem_eq(rest.bytes + rest.start, stream + sent, added - sent);
    }
}

START_TEST(test_bytes_go_as_they_came)
{
    size_t added = 0;
    size_t sent = 0;

    while (added < STREAM_BYTES - PART_MAX_BYTES) {
        size_t part = 1 + random_below(PART_MAX_BYTES);

        if (random_below(2) == 0 && part <= TLS_REST_MAX_BYTES - (added - sent)) {
            ck_assert_int_eq(tls_rest_add(&pool, &rest, stream + added, part), 0);
            added += part;
        } else if (added > sent) {
            part = part < added - sent ? part : added - sent;
            tls_rest_sent(&pool, &rest, part);
            sent += part;
        }
        check_rest(sent, added);
    }
}
END_TEST

START_TEST(test_more_than_the_bound_is_refused)
{
    ck_assert_int_eq(tls_rest_add(&pool, &rest, stream, TLS_REST_MAX_BYTES), 0);
    ck_assert_int_eq(tls_rest_add(&pool, &rest, stream, 1), ENOBUFS);
    tls_rest_sent(&pool, &rest, 10);
    ck_assert_int_eq(tls_rest_add(&pool, &rest, stream, 11), ENOBUFS);
    ck_assert_int_eq(tls_rest_add(&pool, &rest, stream + TLS_REST_MAX_BYTES, 10), 0);
    check_rest(10, TLS_REST_MAX_BYTES + 10);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("the rest of TLS");
    TCase *tests = suite_case(suite, "bytes");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_bytes_go_as_they_came);
    tcase_add_test(tests, test_more_than_the_bound_is_refused);
    return suite_run(suite);
}

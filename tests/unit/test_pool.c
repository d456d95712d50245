/*
 * Pools of blocks.
 */
#include "base/pool.h"

#include "suite.h"

#include <stdint.h>
#include <stdlib.h>
#include <string.h>

static struct pool pool;

static void prepare(void)
{
    pool_init(&pool);
}

static void clean_up(void)
{
    pool_destroy(&pool);
}

static size_t bytes_kept(const struct pool *kept_by)
{
    size_t bytes = 0;

    for (unsigned i = 0; i < POOL_CLASSES; i++) {
        bytes += kept_by->classes[i].kept * pool_class_bytes(i);
    }
    return bytes;
}

static const size_t sizes[] = {
    0, 1, 31, 32, 33, 63, 64, 65, 1000, 1024, 1025, 65536, 65537, 131071, 131072, 131073, 1 << 20,
};

START_TEST(test_a_block_has_the_bytes_asked_for_and_those_promised)
{
    size_t capacity = 0;
    char *block = pool_alloc(&pool, sizes[_i], &capacity);

    ck_assert_ptr_nonnull(block);
    ck_assert_uint_eq((uintptr_t)block % _Alignof(max_align_t), 0);
    ck_assert_uint_ge(capacity, sizes[_i]);
    ck_assert_uint_le(capacity, sizes[_i] + sizes[_i] / 4 + POOL_SMALLEST_BYTES);
    memset(block, 1, capacity);
    pool_free(&pool, block, capacity);
}
END_TEST

START_TEST(test_classes_grow_by_at_most_a_quarter_up_to_the_largest)
{
    ck_assert_uint_eq(pool_class_bytes(0), POOL_SMALLEST_BYTES);
    ck_assert_uint_eq(pool_class_bytes(POOL_CLASSES - 1), POOL_LARGEST_BYTES);
    for (unsigned i = 0; i + 1 < POOL_CLASSES; i++) {
        size_t step = pool_class_bytes(i + 1) - pool_class_bytes(i);

        ck_assert_uint_ge(step, POOL_SMALLEST_BYTES);
        ck_assert(step == POOL_SMALLEST_BYTES || step <= pool_class_bytes(i) / 4);
    }
}
END_TEST

/* Every size gets the first class that it fits into. */
START_TEST(test_a_size_gets_the_smallest_class_that_fits)
{
    unsigned expected = 0;

    for (size_t size = 1; size <= POOL_LARGEST_BYTES; size += size < 5000 ? 1 : 97) {
        size_t capacity;
        void *block = pool_alloc(&pool, size, &capacity);

        while (pool_class_bytes(expected) < size) {
            expected++;
        }
        if (capacity != pool_class_bytes(expected)) {
            ck_abort_msg("%zu bytes got %zu", size, capacity);
        }
        pool_free(&pool, block, capacity);
    }
}
END_TEST

START_TEST(test_a_block_given_back_by_size_or_capacity_comes_again)
{
    size_t capacity = 0;
    char *block = pool_alloc(&pool, sizes[_i], &capacity);

    pool_free(&pool, block, sizes[_i]);
    ck_assert_uint_eq(bytes_kept(&pool), capacity <= POOL_LARGEST_BYTES ? capacity : 0);
    if (capacity <= POOL_LARGEST_BYTES) {
        ck_assert_ptr_eq(pool_alloc(&pool, capacity, NULL), block);
        pool_free(&pool, block, capacity);
        ck_assert_ptr_eq(pool_alloc(&pool, sizes[_i], NULL), block);
        pool_free(&pool, block, capacity);
    }
}
END_TEST

START_TEST(test_what_is_kept_is_bounded_after_a_burst)
{
    enum { BURST = 10000 };
    static void *blocks[BURST];

    for (size_t i = 0; i < BURST; i++) {
        blocks[i] = pool_alloc(&pool, 100, NULL);
    }
    for (size_t i = 0; i < BURST; i++) {
        pool_free(&pool, blocks[i], 100);
    }
    ck_assert_uint_eq(bytes_kept(&pool), POOL_KEEP_BYTES_PER_CLASS);
}
END_TEST

START_TEST(test_a_block_may_be_given_back_to_another_pool)
{
    struct pool other;
    void *block = pool_alloc(&pool, 50, NULL);

    pool_init(&other);
    pool_free(&other, block, 50);
    ck_assert_uint_eq(bytes_kept(&pool), 0);
    ck_assert_ptr_eq(pool_alloc(&other, 60, NULL), block);
    pool_free(&pool, block, 60);
    pool_destroy(&other);
}
END_TEST

START_TEST(test_a_block_in_use_outlives_its_pool)
{
    char *block = pool_alloc(&pool, 50, NULL);
    struct pool other;

    pool_destroy(&pool);
    memset(block, 1, 50);
    pool_init(&other);
    pool_free(&other, block, 50);
    pool_destroy(&other);
    pool_init(&pool);
}
END_TEST

START_TEST(test_null_may_be_given_back)
{
    pool_free(&pool, NULL, 100);
    ck_assert_uint_eq(bytes_kept(&pool), 0);
}
END_TEST

static Suite *pool_suite(void)
{
    Suite *suite = suite_create("pool");
    TCase *blocks = tcase_create("blocks");

    tcase_add_checked_fixture(blocks, prepare, clean_up);
    tcase_add_loop_test(blocks, test_a_block_has_the_bytes_asked_for_and_those_promised, 0,
                        sizeof sizes / sizeof *sizes);
    tcase_add_test(blocks, test_classes_grow_by_at_most_a_quarter_up_to_the_largest);
    tcase_add_test(blocks, test_a_size_gets_the_smallest_class_that_fits);
    tcase_add_loop_test(blocks, test_a_block_given_back_by_size_or_capacity_comes_again, 0,
                        sizeof sizes / sizeof *sizes);
    tcase_add_test(blocks, test_what_is_kept_is_bounded_after_a_burst);
    tcase_add_test(blocks, test_a_block_may_be_given_back_to_another_pool);
    tcase_add_test(blocks, test_a_block_in_use_outlives_its_pool);
    tcase_add_test(blocks, test_null_may_be_given_back);
    suite_add_tcase(suite, blocks);
    return suite;
}

int main(void)
{
    return suite_run(pool_suite());
}

/*
 * Memory for messages that arrive in pieces.
 */
#include "net/inbound.h"

#include "suite.h"

#include <string.h>

static struct pool pool;
static struct inbound inbound;

static void prepare(void)
{
    pool_init(&pool);
    inbound = (struct inbound){0};
}

static void clean_up(void)
{
    inbound_reset(&pool, &inbound);
    pool_destroy(&pool);
}

/* Adds a piece of which every byte is `value`. */
static void add_piece(size_t length, uint8_t value)
{
    uint8_t *target = inbound_reserve(&pool, &inbound, length);

    ck_assert_ptr_nonnull(target);
    memset(target, value, length);
    inbound.collected += length;
}

START_TEST(test_pieces_follow_each_other)
{
    static const size_t lengths[] = {1, 0, 100, 5000, 3, 70000, 200000};
    const uint8_t *payload;
    bool intact = true;

    for (uint8_t i = 0; i < 7; i++) {
        add_piece(lengths[i], i);
    }
    payload = message_payload(inbound.assembly);
    for (uint8_t i = 0; i < 7; i++) {
        for (size_t at = 0; at < lengths[i]; at++) {
            intact &= *payload++ == i;
        }
    }
    ck_assert(intact);
}
END_TEST

START_TEST(test_memory_is_at_most_a_small_multiple_of_what_has_arrived)
{
    for (int i = 0; i < 1000; i++) {
        add_piece(300, 0);
        ck_assert_uint_le(inbound.assembly->capacity, 4 * inbound.collected + 512);
    }
}
END_TEST

START_TEST(test_it_is_idle_between_messages_only)
{
    ck_assert(inbound_idle(&inbound));
    inbound.decoder.in_frame = true;
    ck_assert(!inbound_idle(&inbound));
    inbound.decoder = (struct frame_decoder){.message_opcode = OPCODE_TEXT};
    ck_assert(!inbound_idle(&inbound));
    inbound.decoder = (struct frame_decoder){.stash_length = 1};
    ck_assert(!inbound_idle(&inbound));
    inbound.decoder = (struct frame_decoder){0};
    ck_assert(inbound_stash(&pool, &inbound, (const uint8_t *)"x", 1));
    ck_assert(!inbound_idle(&inbound));
}
END_TEST

START_TEST(test_the_stash_gives_back_what_was_kept_and_ends_with_it)
{
    ck_assert(inbound_stash(&pool, &inbound, (const uint8_t *)"abcdef", 6));
    inbound_unstash(&pool, &inbound, 2);
    ck_assert_uint_eq(inbound.stash_end - inbound.stash_start, 4);
    ck_assert_mem_eq(inbound.stash + inbound.stash_start, "cdef", 4);
    inbound_unstash(&pool, &inbound, 0);
    inbound_unstash(&pool, &inbound, 4);
    ck_assert_ptr_null(inbound.stash);
    ck_assert(inbound_idle(&inbound));
}
END_TEST

START_TEST(test_a_reset_frees_everything)
{
    add_piece(1000, 1);
    ck_assert(inbound_stash(&pool, &inbound, (const uint8_t *)"abc", 3));
    inbound.decoder.in_frame = true;
    inbound.chunked = true;
    inbound_reset(&pool, &inbound);
    ck_assert(inbound_idle(&inbound));
    ck_assert_ptr_null(inbound.assembly);
    ck_assert_uint_eq(inbound.collected, 0);
    ck_assert(!inbound.chunked);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("inbound");
    TCase *tests = tcase_create("inbound");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_pieces_follow_each_other);
    tcase_add_test(tests, test_memory_is_at_most_a_small_multiple_of_what_has_arrived);
    tcase_add_test(tests, test_it_is_idle_between_messages_only);
    tcase_add_test(tests, test_the_stash_gives_back_what_was_kept_and_ends_with_it);
    tcase_add_test(tests, test_a_reset_frees_everything);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

/*
 * The queue of one connection: what goes in, and what a kernel gets.
 */
#include "outbox_fixture.h"
#include "suite.h"

#include <string.h>

enum { DATA = FRAME_FIN | OPCODE_BINARY };

START_TEST(test_frames_leave_in_the_order_in_which_they_came)
{
    append_mixed();
    expect_mixed(0, MIXED_COUNT);
    take_all();
    check_sent();
    ck_assert(outbox_empty(outbox));
}
END_TEST

START_TEST(test_the_kernel_may_take_any_part)
{
    append_mixed();
    for (size_t first = 0; first <= mixed_starts[MIXED_COUNT]; first = mixed_next_position(first)) {
        begin_anew();
        append_mixed();
        expect_mixed(0, MIXED_COUNT);
        ck_assert_uint_eq(take_bytes(first), first);
        take_all();
        check_sent();
    }
}
END_TEST

START_TEST(test_the_kernel_may_take_one_byte_at_a_time)
{
    append_mixed();
    expect_mixed(0, MIXED_COUNT);
    while (take_bytes(1) == 1) {}
    check_sent();
}
END_TEST

START_TEST(test_frames_may_be_appended_behind_one_that_has_been_begun)
{
    append_message(30, 0);
    append_message(10, 1);
    take_bytes(35);
    append_message(10, 2);
    append_message(2000, 3);
    check_outbox();
    stream_add(&outbox_expected, DATA, 30, 0);
    stream_add(&outbox_expected, DATA, 10, 1);
    stream_add(&outbox_expected, DATA, 10, 2);
    stream_add(&outbox_expected, DATA, 2000, 3);
    take_all();
    check_sent();
}
END_TEST

/* A block is shared with nobody: its parcel is the outbox's alone. */
START_TEST(test_small_frames_gather_in_blocks)
{
    enum { FRAMES = 2000 };
    struct iovec vectors[OUTBOX_VECTORS_MAX];
    int expected_most;

    for (unsigned i = 0; i < FRAMES; i++) {
        append_message(20, i);
        stream_add(&outbox_expected, DATA, 20, i);
    }
    check_outbox();
    expected_most = 2 + (int)outbox->bytes / (OUTBOX_BLOCK_BYTES - 22);
    ck_assert_int_le(outbox_vectors(outbox, vectors), expected_most);
    take_all();
    check_sent();
}
END_TEST

static const struct {
    size_t wire_bytes;
    bool first; /* nothing waits yet */
    bool referenced;
} cost_rows[] = {
    {100, true, true},
    {100, false, false},
    {OUTBOX_COPY_BYTES, false, false},
    {OUTBOX_COPY_BYTES + 1, false, true},
    {100000, false, true},
};

START_TEST(test_a_frame_is_copied_where_a_reference_would_cost_more)
{
    size_t header_bytes = frame_header_size(cost_rows[_i].wire_bytes - 4);
    struct parcel *parcel = make_parcel(DATA, cost_rows[_i].wire_bytes - header_bytes, 1);

    ck_assert_uint_eq(parcel->message->length, cost_rows[_i].wire_bytes);
    if (!cost_rows[_i].first) {
        append_message(10, 0);
    }
    ck_assert(outbox_append(&outbox_pool, outbox, parcel));
    check_outbox();
    ck_assert_uint_eq(parcel->references, cost_rows[_i].referenced ? 2 : 1);
    take_all();
    ck_assert_uint_eq(parcel->references, 1);
    parcel_release(&outbox_pool, parcel);
}
END_TEST

START_TEST(test_one_call_gets_a_bounded_number_of_vectors)
{
    struct iovec vectors[OUTBOX_VECTORS_MAX];

    for (unsigned i = 0; i < 3 * OUTBOX_VECTORS_MAX; i++) {
        append_message(2000, i);
        stream_add(&outbox_expected, DATA, 2000, i);
    }
    ck_assert_int_eq(outbox_vectors(outbox, vectors), OUTBOX_VECTORS_MAX);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_what_waits_is_freed_with_the_outbox)
{
    struct parcel *parcel = make_parcel(DATA, 5000, 1);

    append_mixed();
    ck_assert(outbox_append(&outbox_pool, outbox, parcel));
    ck_assert(outbox_hold(&outbox_pool, outbox, parcel));
    insert_control(OPCODE_PONG, 5, 2);
    ck_assert_uint_eq(parcel->references, 3);
    outbox_free(&outbox_pool, outbox);
    ck_assert_uint_eq(parcel->references, 1);
    parcel_release(&outbox_pool, parcel);
    outbox_free(&outbox_pool, NULL);
    outbox = NULL;
}
END_TEST

/* ---- messages held back ---- */

START_TEST(test_what_is_held_back_comes_behind_what_is_ready_when_it_is_released)
{
    append_message(10, 0);
    hold_message(20, 1);
    hold_message(3000, 2);
    append_message(30, 3);
    check_outbox();
    take_bytes(5);
    outbox_release_held(outbox);
    outbox_release_held(outbox);
    check_outbox();
    append_message(40, 4);
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, DATA, 30, 3);
    stream_add(&outbox_expected, DATA, 20, 1);
    stream_add(&outbox_expected, DATA, 3000, 2);
    stream_add(&outbox_expected, DATA, 40, 4);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_what_is_held_back_is_not_sent_but_counted)
{
    hold_message(10, 0);
    hold_message(10, 1);
    check_outbox();
    ck_assert(!outbox_empty(outbox));
    ck_assert_uint_eq(outbox->bytes, 24);
    ck_assert_uint_eq(take_bytes(100), 0);
    outbox_release_held(outbox);
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, DATA, 10, 1);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_what_is_held_back_can_be_dropped)
{
    append_message(10, 0);
    hold_message(20, 1);
    hold_message(3000, 2);
    outbox_drop_held(&outbox_pool, outbox);
    check_outbox();
    ck_assert_uint_eq(outbox->bytes, 12);
    stream_add(&outbox_expected, DATA, 10, 0);
    take_all();
    check_sent();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox");
    TCase *tests = suite_case(suite, "outbox");

    tcase_add_checked_fixture(tests, outbox_fixture_start, outbox_fixture_stop);
    tcase_add_test(tests, test_frames_leave_in_the_order_in_which_they_came);
    tcase_add_test(tests, test_the_kernel_may_take_any_part);
    tcase_add_test(tests, test_the_kernel_may_take_one_byte_at_a_time);
    tcase_add_test(tests, test_frames_may_be_appended_behind_one_that_has_been_begun);
    tcase_add_test(tests, test_small_frames_gather_in_blocks);
    tcase_add_loop_test(tests, test_a_frame_is_copied_where_a_reference_would_cost_more, 0,
                        sizeof cost_rows / sizeof *cost_rows);
    tcase_add_test(tests, test_one_call_gets_a_bounded_number_of_vectors);
    tcase_add_test(tests, test_what_waits_is_freed_with_the_outbox);
    tcase_add_test(tests, test_what_is_held_back_comes_behind_what_is_ready_when_it_is_released);
    tcase_add_test(tests, test_what_is_held_back_is_not_sent_but_counted);
    tcase_add_test(tests, test_what_is_held_back_can_be_dropped);
    return suite_run(suite);
}

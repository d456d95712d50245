/*
 * Control frames in the queue of one connection: they go out at the next frame boundary.
 */
#include "outbox_fixture.h"
#include "suite.h"

#include <string.h>

enum {
    DATA = FRAME_FIN | OPCODE_BINARY,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG
};

/* Inserts a Ping when `sent` bytes have gone. */
static void insert_into_mixed(size_t sent)
{
    unsigned begun;

    begin_anew();
    append_mixed();
    hold_message(50, 90);
    begun = mixed_begun(sent);
    expect_mixed(0, begun);
    stream_add(&outbox_expected, PING, 3, 99);
    expect_mixed(begun, MIXED_COUNT);
    stream_add(&outbox_expected, DATA, 50, 90);

    take_bytes(sent);
    insert_control(OPCODE_PING, 3, 99);
    check_outbox();
    outbox_release_held(outbox);
    take_all();
    check_sent();
}

START_TEST(test_a_control_frame_goes_out_at_the_next_frame_boundary)
{
    append_mixed();
    for (size_t sent = 0; sent <= mixed_starts[MIXED_COUNT]; sent = mixed_next_position(sent)) {
        insert_into_mixed(sent);
    }
}
END_TEST

START_TEST(test_frames_can_be_appended_to_a_block_that_was_cut)
{
    struct iovec vectors[OUTBOX_VECTORS_MAX];

    append_message(10, 0);
    append_message(10, 1);
    append_message(10, 2);
    take_bytes(15);
    insert_control(OPCODE_PING, 3, 99);
    append_message(10, 3);
    check_outbox();
    ck_assert_int_eq(outbox_vectors(outbox, vectors), 3);
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, DATA, 10, 1);
    stream_add(&outbox_expected, PING, 3, 99);
    stream_add(&outbox_expected, DATA, 10, 2);
    stream_add(&outbox_expected, DATA, 10, 3);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_nothing_is_appended_to_a_control_frame)
{
    insert_control(OPCODE_PONG, 3, 1);
    append_message(10, 2);
    insert_control(OPCODE_PONG, 100, 3);
    check_outbox();
    stream_add(&outbox_expected, PONG, 100, 3);
    stream_add(&outbox_expected, DATA, 10, 2);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_a_newer_pong_takes_the_place_of_one_that_waits)
{
    append_message(10, 0);
    for (unsigned i = 1; i <= 1000; i++) {
        insert_control(OPCODE_PONG, i % 126, i);
        check_outbox();
    }
    stream_add(&outbox_expected, PONG, 1000 % 126, 1000);
    stream_add(&outbox_expected, DATA, 10, 0);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_a_pong_that_has_been_begun_is_finished)
{
    append_message(10, 0);
    insert_control(OPCODE_PONG, 20, 1);
    take_bytes(1);
    insert_control(OPCODE_PONG, 30, 2);
    insert_control(OPCODE_PONG, 40, 3);
    check_outbox();
    stream_add(&outbox_expected, PONG, 20, 1);
    stream_add(&outbox_expected, PONG, 40, 3);
    stream_add(&outbox_expected, DATA, 10, 0);
    take_all();
    check_sent();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox, control frames");
    TCase *tests = suite_case(suite, "outbox");

    tcase_add_checked_fixture(tests, outbox_fixture_start, outbox_fixture_stop);
    tcase_add_test(tests, test_a_control_frame_goes_out_at_the_next_frame_boundary);
    tcase_add_test(tests, test_frames_can_be_appended_to_a_block_that_was_cut);
    tcase_add_test(tests, test_nothing_is_appended_to_a_control_frame);
    tcase_add_test(tests, test_a_newer_pong_takes_the_place_of_one_that_waits);
    tcase_add_test(tests, test_a_pong_that_has_been_begun_is_finished);
    return suite_run(suite);
}

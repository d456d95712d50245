/*
 * What is dropped of a queue when its connection fails, and what never is.
 */
#include "outbox_fixture.h"
#include "suite.h"

#include <string.h>

enum {
    DATA = FRAME_FIN | OPCODE_BINARY,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG
};

static void drop_from_mixed(size_t sent)
{
    begin_anew();
    append_mixed();
    hold_message(50, 90);
    expect_mixed(0, mixed_begun(sent));

    take_bytes(sent);
    insert_control(OPCODE_PONG, 5, 91);
    outbox_drop_unsent(&outbox_pool, outbox);
    check_outbox();
    append_message(7, 92);
    append_message(8, 93);
    check_outbox();
    stream_add(&outbox_expected, DATA, 7, 92);
    stream_add(&outbox_expected, DATA, 8, 93);
    take_all();
    check_sent();
    ck_assert(outbox_empty(outbox));
}

START_TEST(test_dropping_keeps_the_frame_that_has_been_begun_only)
{
    append_mixed();
    for (size_t sent = 0; sent <= mixed_starts[MIXED_COUNT]; sent = mixed_next_position(sent)) {
        drop_from_mixed(sent);
    }
}
END_TEST

START_TEST(test_dropping_frees_what_it_drops)
{
    struct parcel *parcel = make_parcel(DATA, 5000, 1);

    append_message(10, 0);
    ck_assert(outbox_append(&outbox_pool, outbox, parcel));
    ck_assert(outbox_hold(&outbox_pool, outbox, parcel));
    take_bytes(1);
    outbox_drop_unsent(&outbox_pool, outbox);
    ck_assert_uint_eq(parcel->references, 1);
    parcel_release(&outbox_pool, parcel);
}
END_TEST

/* ---- what is not frames ---- */

/* Bytes that would be cut at the wrong place if they were taken for frames. */
static const char response[] = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
enum { RESPONSE_BYTES = sizeof response - 1 };

static void append_response(void)
{
    ck_assert(
        outbox_append_opaque(&outbox_pool, outbox, (const uint8_t *)response, RESPONSE_BYTES));
    memcpy(outbox_expected.bytes, response, RESPONSE_BYTES);
    outbox_expected.length = RESPONSE_BYTES;
    check_outbox();
}

START_TEST(test_a_response_is_never_passed)
{
    for (size_t sent = 0; sent < RESPONSE_BYTES; sent++) {
        begin_anew();
        append_response();
        append_message(10, 0);
        append_message(20, 1);
        take_bytes(sent);
        insert_control(OPCODE_PONG, 4, 2);
        check_outbox();
        stream_add(&outbox_expected, PONG, 4, 2);
        stream_add(&outbox_expected, DATA, 10, 0);
        stream_add(&outbox_expected, DATA, 20, 1);
        take_all();
        check_sent();
    }
}
END_TEST

START_TEST(test_a_response_is_never_dropped)
{
    for (size_t sent = 0; sent < RESPONSE_BYTES; sent++) {
        begin_anew();
        append_response();
        append_message(10, 0);
        take_bytes(sent);
        outbox_drop_unsent(&outbox_pool, outbox);
        check_outbox();
        take_all();
        check_sent();
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox, dropping");
    TCase *tests = suite_case(suite, "outbox");

    tcase_add_checked_fixture(tests, outbox_fixture_start, outbox_fixture_stop);
    tcase_add_test(tests, test_dropping_keeps_the_frame_that_has_been_begun_only);
    tcase_add_test(tests, test_dropping_frees_what_it_drops);
    tcase_add_test(tests, test_a_response_is_never_passed);
    tcase_add_test(tests, test_a_response_is_never_dropped);
    return suite_run(suite);
}

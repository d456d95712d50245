/*
 * Small publications of one worker, one behind the other.
 */
#include "relay/batch.h"

#include "net/outbox.h"
#include "outbox_fixture.h"
#include "suite.h"

#include <string.h>

enum { DATA = FRAME_FIN | OPCODE_BINARY, SMALL_BYTES = 20, HEADER_BYTES = 2 };

static struct batch batch;

static void prepare(void)
{
    outbox_fixture_start();
    batch = (struct batch){0};
}

static void clean_up(void)
{
    batch_end(&outbox_pool, &batch);
    outbox_fixture_stop();
}

/* A copy of a message that is told from others by its number; NULL if there is none. */
static struct parcel *copy(size_t payload_bytes, unsigned number)
{
    struct parcel *single = make_parcel(DATA, payload_bytes, number);
    struct parcel *parcel = batch_copy(&outbox_pool, &batch, single->message);

    parcel_release(&outbox_pool, single);
    return parcel;
}

static void check_parcel(const struct parcel *parcel, size_t payload_bytes, unsigned number)
{
    static uint8_t frame[BATCH_MESSAGE_BYTES];
    size_t length = make_frame(frame, DATA, payload_bytes, number);

    ck_assert_uint_eq(parcel->end - parcel->offset, length);
    ck_assert_uint_eq(parcel->payload_bytes, payload_bytes);
    ck_assert_mem_eq(parcel_wire(parcel), frame, length);
}

START_TEST(test_copies_lie_one_behind_the_other)
{
    struct parcel *first = copy(SMALL_BYTES, 1);
    struct parcel *second = copy(0, 2);

    check_parcel(first, SMALL_BYTES, 1);
    check_parcel(second, 0, 2);
    ck_assert_ptr_eq(second->message, first->message);
    ck_assert_uint_eq(second->offset, first->end);
    parcel_release(&outbox_pool, first);
    parcel_release(&outbox_pool, second);
}
END_TEST

START_TEST(test_a_member_that_gets_several_has_one_piece_waiting)
{
    struct iovec vectors[OUTBOX_VECTORS_MAX];

    for (unsigned i = 0; i < 5; i++) {
        struct parcel *parcel = copy(SMALL_BYTES, i);

        ck_assert(outbox_append(&outbox_pool, outbox, parcel));
        parcel_release(&outbox_pool, parcel);
        stream_add(&outbox_expected, DATA, SMALL_BYTES, i);
    }
    ck_assert_int_eq(outbox_vectors(outbox, vectors), 1);
    ck_assert_uint_eq(outbox->bytes, 5 * (HEADER_BYTES + SMALL_BYTES));
    ck_assert_uint_eq(vectors[0].iov_len, outbox->bytes);
    take_all();
    check_sent();
}
END_TEST

/* What is not for this member lies between. */
START_TEST(test_pieces_that_are_apart_stay_apart)
{
    struct iovec vectors[OUTBOX_VECTORS_MAX];

    for (unsigned i = 0; i < 4; i++) {
        struct parcel *parcel = copy(SMALL_BYTES, i);

        if (i % 2 == 0) {
            ck_assert(outbox_append(&outbox_pool, outbox, parcel));
            stream_add(&outbox_expected, DATA, SMALL_BYTES, i);
        }
        parcel_release(&outbox_pool, parcel);
    }
    ck_assert_int_eq(outbox_vectors(outbox, vectors), 2);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_the_block_begins_anew_when_nothing_in_it_waits)
{
    struct parcel *parcel = copy(SMALL_BYTES, 1);
    const struct message *block = parcel->message;

    parcel_release(&outbox_pool, parcel);
    parcel = copy(SMALL_BYTES, 2);
    ck_assert_ptr_eq(parcel->message, block);
    ck_assert_uint_eq(parcel->offset, 0);
    check_parcel(parcel, SMALL_BYTES, 2);
    parcel_release(&outbox_pool, parcel);
}
END_TEST

START_TEST(test_a_full_block_stays_for_as_long_as_it_is_needed)
{
    struct parcel *first = copy(SMALL_BYTES, 1);
    struct parcel *last = first;
    unsigned number = 1;

    while (last->message == first->message) {
        if (last != first) {
            parcel_release(&outbox_pool, last);
        }
        last = copy(500, ++number);
        check_parcel(last, 500, number);
    }
    ck_assert_uint_gt(number, BATCH_BYTES / 512);
    ck_assert_uint_eq(last->offset, 0);
    batch_end(&outbox_pool, &batch);
    check_parcel(first, SMALL_BYTES, 1);
    check_parcel(last, 500, number);
    parcel_release(&outbox_pool, first);
    parcel_release(&outbox_pool, last);
}
END_TEST

static const size_t limit_rows[] = {BATCH_MESSAGE_BYTES - 1, BATCH_MESSAGE_BYTES,
                                    BATCH_MESSAGE_BYTES + 1};

START_TEST(test_a_large_message_is_not_copied)
{
    size_t wire_bytes = limit_rows[_i];
    size_t payload_bytes = wire_bytes - frame_header_size(wire_bytes - 4);
    struct parcel *parcel = copy(payload_bytes, 1);

    if (wire_bytes > BATCH_MESSAGE_BYTES) {
        ck_assert_ptr_null(parcel);
        return;
    }
    check_parcel(parcel, payload_bytes, 1);
    parcel_release(&outbox_pool, parcel);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("batch");
    TCase *tests = suite_case(suite, "batch");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_test(tests, test_copies_lie_one_behind_the_other);
    tcase_add_test(tests, test_a_member_that_gets_several_has_one_piece_waiting);
    tcase_add_test(tests, test_pieces_that_are_apart_stay_apart);
    tcase_add_test(tests, test_the_block_begins_anew_when_nothing_in_it_waits);
    tcase_add_test(tests, test_a_full_block_stays_for_as_long_as_it_is_needed);
    tcase_add_loop_test(tests, test_a_large_message_is_not_copied, 0, 3);
    return suite_run(suite);
}

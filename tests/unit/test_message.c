/*
 * Wire messages and their counts.
 */
#include "net/message.h"

#include "protocol/frame.h"
#include "suite.h"

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

static const size_t sizes[] = {0, 1, 125, 126, 1000, 65535, 65536, 200000};
enum { SIZES = sizeof sizes / sizeof *sizes };

START_TEST(test_a_header_is_written_right_in_front_of_the_payload)
{
    size_t payload_bytes = sizes[_i];
    size_t header_bytes = frame_header_size(payload_bytes);
    struct message *message = message_create(&pool, payload_bytes);
    uint8_t header[FRAME_SERVER_HEADER_MAX];

    ck_assert_ptr_nonnull(message);
    ck_assert_uint_ge(message_payload_capacity(message), payload_bytes);
    memset(message_payload(message), 'x', payload_bytes);
    message_frame(message, FRAME_FIN | OPCODE_TEXT, payload_bytes);
    frame_write_header(header, FRAME_FIN | OPCODE_TEXT, payload_bytes);

    ck_assert_uint_eq(message->length, header_bytes + payload_bytes);
    ck_assert_uint_eq(message_payload_length(message), payload_bytes);
    ck_assert_ptr_eq(message_wire(message) + header_bytes, message_payload(message));
    ck_assert_mem_eq(message_wire(message), header, header_bytes);
    message_release(&pool, message);
}
END_TEST

START_TEST(test_growing_keeps_what_is_there)
{
    struct message *message = message_create(&pool, 10);
    size_t room = message_payload_capacity(message);

    for (size_t i = 0; i < room; i++) {
        message_payload(message)[i] = (uint8_t)i;
    }
    message = message_resize(&pool, message, sizes[_i] + room + 1);
    ck_assert_uint_ge(message_payload_capacity(message), sizes[_i] + room + 1);
    for (size_t i = 0; i < room; i++) {
        ck_assert_uint_eq(message_payload(message)[i], (uint8_t)i);
    }
    message_release(&pool, message);
}
END_TEST

START_TEST(test_a_size_that_cannot_be_is_refused)
{
    struct message *message = message_create(&pool, 10);

    ck_assert_ptr_null(message_create(&pool, SIZE_MAX));
    ck_assert_ptr_null(message_create(&pool, SIZE_MAX - sizeof *message));
    memset(message_payload(message), 'x', 10);
    ck_assert_ptr_null(message_resize(&pool, message, SIZE_MAX));
    ck_assert_uint_eq(message_payload(message)[9], 'x');
    message_release(&pool, message);
}
END_TEST

/* A block that has been given back is the next that comes out of the pool. */
static bool is_free(const void *block, size_t size)
{
    void *next = pool_alloc(&pool, size, NULL);
    bool same = next == block;

    pool_free(&pool, next, size);
    return same;
}

START_TEST(test_a_message_is_freed_with_its_last_reference)
{
    struct message *message = message_create(&pool, 100);
    size_t capacity = message->capacity;

    message_reference(message);
    message_release(&pool, message);
    ck_assert(!is_free(message, capacity));
    message_release(&pool, message);
    ck_assert(is_free(message, capacity));
}
END_TEST

START_TEST(test_a_parcel_lets_go_of_its_message_with_its_last_reference)
{
    struct message *message = message_create(&pool, 100);
    struct parcel *parcel = parcel_create(&pool, message);

    ck_assert_uint_eq(parcel->references, 1);
    message_reference(message);
    parcel->references++;
    parcel_release(&pool, parcel);
    ck_assert_uint_eq(atomic_load(&message->references), 2);
    parcel_release(&pool, parcel);
    ck_assert_uint_eq(atomic_load(&message->references), 1);
    message_release(&pool, message);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("message");
    TCase *tests = tcase_create("message");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, test_a_header_is_written_right_in_front_of_the_payload, 0, SIZES);
    tcase_add_loop_test(tests, test_growing_keeps_what_is_there, 0, SIZES);
    tcase_add_test(tests, test_a_size_that_cannot_be_is_refused);
    tcase_add_test(tests, test_a_message_is_freed_with_its_last_reference);
    tcase_add_test(tests, test_a_parcel_lets_go_of_its_message_with_its_last_reference);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

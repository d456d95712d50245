/*
 * The buffer where a callback gathers what it sends.
 */
#include "net/output.h"

#include "suite.h"

#include <stdlib.h>

static struct output output;

static void prepare(void)
{
    output = (struct output){.bytes = malloc(OUTPUT_BYTES)};
    ck_assert_ptr_nonnull(output.bytes);
    output_clear(&output);
}

static void clean_up(void)
{
    free(output.bytes);
}

static const size_t sizes[] = {0, 1, 125, 126, 65535, 65536};
enum { SIZES = sizeof sizes / sizeof *sizes, TEXT = FRAME_FIN | OPCODE_TEXT };

static void check_frame(size_t at, size_t length, uint8_t value)
{
    uint8_t header[FRAME_SERVER_HEADER_MAX];
    size_t header_bytes = frame_write_header(header, TEXT, length);
    bool intact = true;

    ck_assert_mem_eq(output.bytes + at, header, header_bytes);
    for (size_t i = 0; i < length; i++) {
        intact &= output.bytes[at + header_bytes + i] == value;
    }
    ck_assert(intact);
}

START_TEST(test_a_payload_put_where_it_belongs_only_gets_a_header)
{
    size_t length = sizes[_i];
    uint8_t *scratch;

    output_add(&output, TEXT, (const uint8_t *)"before", 6);
    scratch = output_scratch(&output, length);
    memset(scratch, 'x', length);
    ck_assert(output_scratch_is(&output, scratch, length));
    output_add_scratch(&output, TEXT, length);
    ck_assert_uint_eq(output.used, 2 + 6 + frame_header_size(length) + length);
    ck_assert_ptr_null(output.scratch);
    check_frame(8, length, 'x');
}
END_TEST

/* NULL stands for no scratch, and is what an empty message may be sent from. */
START_TEST(test_without_a_scratch_no_bytes_are_it)
{
    uint8_t *scratch = output_scratch(&output, 0);

    ck_assert(output_scratch_is(&output, scratch, 0));
    output_add_scratch(&output, TEXT, 0);
    ck_assert(!output_scratch_is(&output, scratch, 0));
    ck_assert(!output_scratch_is(&output, NULL, 0));
}
END_TEST

START_TEST(test_other_bytes_are_copied)
{
    size_t length = sizes[_i];
    uint8_t *payload = malloc(length + 1);

    memset(payload, 'y', length);
    output_add(&output, TEXT, payload, length);
    output_add(&output, TEXT, payload, length);
    ck_assert_uint_eq(output.used, 2 * (frame_header_size(length) + length));
    check_frame(0, length, 'y');
    check_frame(output.used / 2, length, 'y');
    free(payload);
}
END_TEST

/* A frame and the slack behind its payload, with the longest header there is. */
static size_t needed(size_t length)
{
    return FRAME_SERVER_HEADER_MAX + length + WHOLE_FRAME_SLACK_BYTES;
}

START_TEST(test_what_has_room_fits)
{
    size_t length = sizes[_i];

    output.used = OUTPUT_BYTES - needed(length);
    ck_assert(output_has_room(&output, length));
    ck_assert_ptr_eq(output_scratch(&output, length),
                     output.bytes + output.used + frame_header_size(length));
    memset(output.scratch, 'z', length);
    output_add(&output, TEXT, output.scratch, length);
    ck_assert_uint_le(output.used, OUTPUT_BYTES);

    output.used = OUTPUT_BYTES - needed(length) + 1;
    ck_assert(!output_has_room(&output, length));
    output.used = OUTPUT_BYTES;
    ck_assert(!output_has_room(&output, length));
    ck_assert(!output_has_room(&output, SIZE_MAX));
}
END_TEST

START_TEST(test_input_takes_room_until_it_is_released)
{
    size_t length = sizes[_i];
    const uint8_t *input = output_input(&output);

    ck_assert_ptr_eq(input, output.bytes + OUTPUT_FRONT_BYTES);
    ck_assert(output_has_room(&output, OUTPUT_FRONT_BYTES - needed(0)));
    ck_assert(!output_has_room(&output, OUTPUT_FRONT_BYTES - needed(0) + 1));
    output.used = OUTPUT_FRONT_BYTES;
    output_release_input(&output, input + needed(length));
    ck_assert(output_has_room(&output, length));
    ck_assert(!output_has_room(&output, length + 1));
    output_clear(&output);
    ck_assert(output_has_room(&output, OUTPUT_BYTES - needed(0)));
}
END_TEST

START_TEST(test_input_elsewhere_takes_no_room)
{
    static const uint8_t stash[10];

    output_release_input(&output, stash + sizeof stash);
    ck_assert(output_has_room(&output, OUTPUT_BYTES - needed(0)));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("output");
    TCase *tests = tcase_create("output");

    tcase_add_checked_fixture(tests, prepare, clean_up);
    tcase_add_loop_test(tests, test_a_payload_put_where_it_belongs_only_gets_a_header, 0, SIZES);
    tcase_add_test(tests, test_without_a_scratch_no_bytes_are_it);
    tcase_add_loop_test(tests, test_other_bytes_are_copied, 0, SIZES);
    tcase_add_loop_test(tests, test_what_has_room_fits, 0, SIZES);
    tcase_add_loop_test(tests, test_input_takes_room_until_it_is_released, 0, SIZES);
    tcase_add_test(tests, test_input_elsewhere_takes_no_room);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

/*
 * The bodies of Close frames. All 65536 codes are in test_frame_table.
 */
#include "protocol/close.h"

#include "suite.h"

#include <stdlib.h>

/* A body in a block of its own size: a look behind its end shows. Free with free. */
static struct slice make_body(uint16_t code, struct slice reason)
{
    char *bytes = malloc(2 + reason.length);

    bytes[0] = (char)(code >> 8);
    bytes[1] = (char)code;
    memcpy(bytes + 2, reason.data, reason.length);
    return (struct slice){bytes, 2 + reason.length};
}

static void free_body(struct slice body)
{
    free((void *)(uintptr_t)body.data);
}

START_TEST(test_an_empty_body_has_no_status)
{
    struct close_body body;
    struct frame_failure failure;

    ck_assert(close_body_parse((struct slice){NULL, 0}, &body, &failure));
    ck_assert_uint_eq(body.code, CLOSE_NO_STATUS);
    ck_assert_uint_eq(body.reason.length, 0);
}
END_TEST

START_TEST(test_half_a_code_is_a_protocol_error)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const char payload = (char)byte;
        struct close_body body;
        struct frame_failure failure = {0};

        ck_assert(!close_body_parse((struct slice){&payload, 1}, &body, &failure));
        ck_assert_int_eq(failure.code, CLOSE_PROTOCOL_ERROR);
    }
}
END_TEST

static const struct {
    const char *reason;
    bool right;
} reasons[] = {
    {"", true},
    {"bye", true},
    {"gr\xC3\xBC\xC3\x9F", true},
    {"\xF0\x9D\x84\x9E", true},
    {"\xEF\xBF\xBF", true},
    {"\xFF", false},
    {"bye\xC3", false},
    {"\xC0\x80", false},
    {"\xED\xA0\x80", false},
    {"\xF4\x90\x80\x80", false},
    {"\x80", false},
};

START_TEST(test_a_reason_must_be_utf8)
{
    for (size_t i = 0; i < sizeof reasons / sizeof *reasons; i++) {
        struct slice payload = make_body(CLOSE_NORMAL, slice_of(reasons[i].reason));
        struct close_body body;
        struct frame_failure failure = {0};

        ck_assert_int_eq(close_body_parse(payload, &body, &failure), reasons[i].right);
        if (reasons[i].right) {
            ck_assert_uint_eq(body.code, CLOSE_NORMAL);
            ck_assert(slice_equal(body.reason, slice_of(reasons[i].reason)));
        } else {
            ck_assert_int_eq(failure.code, CLOSE_INVALID_DATA);
        }
        free_body(payload);
    }
}
END_TEST

/* RFC 6455 section 5.5.1: a character that the 125th byte cuts is not UTF-8 either. */
START_TEST(test_a_reason_cut_by_the_frame_is_refused)
{
    char reason[FRAME_CLOSE_REASON_MAX];
    struct slice payload;
    struct close_body body;
    struct frame_failure failure;

    memset(reason, 'a', sizeof reason);
    reason[sizeof reason - 1] = (char)0xE2;
    payload = make_body(CLOSE_NORMAL, (struct slice){reason, sizeof reason});
    ck_assert(!close_body_parse(payload, &body, &failure));
    ck_assert_int_eq(failure.code, CLOSE_INVALID_DATA);
    free_body(payload);
}
END_TEST

START_TEST(test_a_bad_code_is_told_before_a_bad_reason)
{
    struct slice payload = make_body(CLOSE_NO_STATUS, SLICE("\xFF"));
    struct close_body body;
    struct frame_failure failure;

    ck_assert(!close_body_parse(payload, &body, &failure));
    ck_assert_int_eq(failure.code, CLOSE_PROTOCOL_ERROR);
    free_body(payload);
}
END_TEST

START_TEST(test_code_and_reason_are_written_in_network_order)
{
    uint8_t target[FRAME_CONTROL_MAX_BYTES];

    ck_assert_uint_eq(close_body_write(target, CLOSE_PROTOCOL_ERROR, SLICE("bye")), 5);
    ck_assert_mem_eq(target,
                     "\x03\xEA"
                     "bye",
                     5);
    ck_assert_uint_eq(close_body_write(target, CLOSE_NORMAL, slice_of(NULL)), 2);
    ck_assert_mem_eq(target, "\x03\xE8", 2);
}
END_TEST

START_TEST(test_no_status_is_written_as_nothing)
{
    uint8_t target[FRAME_CONTROL_MAX_BYTES] = {0};

    ck_assert_uint_eq(close_body_write(target, CLOSE_NO_STATUS, SLICE("bye")), 0);
    ck_assert_uint_eq(target[0], 0);
}
END_TEST

/* `before` letters, then a character again and again: what fits whole is written. */
static void check_cut(size_t before, const char *character)
{
    size_t bytes = strlen(character);
    size_t characters = (FRAME_CLOSE_REASON_MAX - before) / bytes;
    uint8_t *target = malloc(FRAME_CONTROL_MAX_BYTES);
    struct close_body body;
    struct frame_failure failure;
    char reason[300];
    size_t written;

    memset(reason, 'a', before);
    for (size_t at = before; at + bytes <= sizeof reason; at += bytes) {
        memcpy(reason + at, character, bytes);
    }
    written = close_body_write(target, CLOSE_NORMAL, (struct slice){reason, sizeof reason});
    ck_assert_uint_eq(written, 2 + before + characters * bytes);
    ck_assert(close_body_parse((struct slice){(char *)target, written}, &body, &failure));
    ck_assert(slice_equal(body.reason, (struct slice){reason, written - 2}));
    free(target);
}

START_TEST(test_a_long_reason_is_cut_between_two_characters)
{
    static const char *const characters[] = {"a", "\xC3\xBC", "\xE2\x82\xAC", "\xF0\x9D\x84\x9E"};

    for (size_t i = 0; i < sizeof characters / sizeof *characters; i++) {
        for (size_t before = 0; before < 8; before++) {
            check_cut(before, characters[i]);
        }
    }
}
END_TEST

START_TEST(test_a_reason_that_just_fits_is_written_whole)
{
    uint8_t target[FRAME_CONTROL_MAX_BYTES];
    char reason[FRAME_CLOSE_REASON_MAX];

    memset(reason, 'a', sizeof reason);
    for (size_t length = 0; length <= sizeof reason; length++) {
        struct slice part = {reason, length};

        ck_assert_uint_eq(close_body_write(target, CLOSE_GOING_AWAY, part), 2 + length);
        ck_assert_mem_eq(target + 2, reason, length);
    }
}
END_TEST

START_TEST(test_a_reason_without_a_character_boundary_is_left_out)
{
    uint8_t target[FRAME_CONTROL_MAX_BYTES];
    char reason[200];

    memset(reason, 0x80, sizeof reason);
    ck_assert_uint_eq(close_body_write(target, CLOSE_NORMAL, (struct slice){reason, sizeof reason}),
                      2);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("close");
    TCase *parse = tcase_create("received");
    TCase *write = tcase_create("sent");

    tcase_add_test(parse, test_an_empty_body_has_no_status);
    tcase_add_test(parse, test_half_a_code_is_a_protocol_error);
    tcase_add_test(parse, test_a_reason_must_be_utf8);
    tcase_add_test(parse, test_a_reason_cut_by_the_frame_is_refused);
    tcase_add_test(parse, test_a_bad_code_is_told_before_a_bad_reason);
    suite_add_tcase(suite, parse);
    tcase_add_test(write, test_code_and_reason_are_written_in_network_order);
    tcase_add_test(write, test_no_status_is_written_as_nothing);
    tcase_add_test(write, test_a_long_reason_is_cut_between_two_characters);
    tcase_add_test(write, test_a_reason_that_just_fits_is_written_whole);
    tcase_add_test(write, test_a_reason_without_a_character_boundary_is_left_out);
    suite_add_tcase(suite, write);
    return suite_run(suite);
}

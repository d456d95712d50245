/*
 * The inline path for small frames: the same answers as the codec for every frame.
 */
#include "protocol/small_frame.h"

#include "suite.h"

#include <stdlib.h>

enum { LONGEST = FRAME_CONTROL_MAX_BYTES };

static const struct frame_limits limits = {1 << 20, 1000};

/* Writes a masked frame to exactly as many bytes as it has; free with free. */
static uint8_t *make_frame(uint8_t first_byte, const uint8_t *payload, size_t length)
{
    static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    uint8_t *frame = malloc(SMALL_FRAME_HEADER_BYTES + length);

    frame[0] = first_byte;
    frame[1] = (uint8_t)(FRAME_MASKED | length);
    memcpy(frame + 2, key, 4);
    for (size_t i = 0; i < length; i++) {
        frame[SMALL_FRAME_HEADER_BYTES + i] = payload[i] ^ key[i % 4];
    }
    return frame;
}

/* What the codec says of the frame: its payload goes to `target`. */
static bool codec_accepts(const uint8_t *frame, size_t length, uint8_t *target)
{
    struct frame_decoder decoder = {0};
    struct frame_failure failure;
    const uint8_t *input = frame;
    const uint8_t *end = frame + SMALL_FRAME_HEADER_BYTES + length;

    ck_assert_int_eq(frame_decode_header(&decoder, &limits, &input, end, &failure), FRAME_ACCEPTED);
    return frame_payload(&decoder, target, input, length);
}

static void check_payload(uint8_t opcode, const uint8_t *payload, size_t length)
{
    uint8_t *frame = make_frame((uint8_t)(FRAME_FIN | opcode), payload, length);
    uint8_t *target = malloc(length > 0 ? length : 1);
    uint8_t by_codec[LONGEST];
    size_t found;
    bool right = codec_accepts(frame, length, by_codec);

    ck_assert(small_frame_at(frame, frame + SMALL_FRAME_HEADER_BYTES + length, &found));
    ck_assert_uint_eq(found, length);
    ck_assert_int_eq(small_frame_payload(target, frame, length), right);
    if (right) {
        ck_assert_mem_eq(target, by_codec, length);
        ck_assert_mem_eq(target, payload, length);
    }
    free(frame);
    free(target);
}

START_TEST(test_every_length_is_unmasked_as_the_codec_does)
{
    uint8_t payload[LONGEST];

    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(i * 2 + 1);
    }
    for (size_t length = 0; length <= LONGEST; length++) {
        check_payload(OPCODE_BINARY, payload, length);
    }
}
END_TEST

START_TEST(test_text_is_checked_as_the_codec_does)
{
    static const char *const bad[] = {"\xFF", "\xC0\x80", "\xED\xA0\x80", "\xE2\x82", "\x80"};

    for (size_t length = 0; length <= LONGEST; length++) {
        uint8_t text[LONGEST];

        memset(text, 'a', sizeof text);
        check_payload(OPCODE_TEXT, text, length);
        for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
            size_t bytes = strlen(bad[i]);

            if (bytes <= length) {
                memset(text, 'a', sizeof text);
                memcpy(text + length - bytes, bad[i], bytes);
                check_payload(OPCODE_TEXT, text, length);
            }
        }
    }
    check_payload(OPCODE_TEXT, (const uint8_t *)"\xF0\x9D\x84\x9E gr\xC3\xBC\xC3\x9F", 11);
}
END_TEST

/* Frames that are not the common case are left to the codec. */
START_TEST(test_other_frames_are_not_taken)
{
    static const uint8_t first_bytes[] = {0x01, 0x02, 0x00, 0x80, 0x83, 0x88, 0x89,
                                          0x8A, 0x91, 0xA1, 0xC1, 0xC2, 0xFF};
    size_t length;

    for (size_t i = 0; i < sizeof first_bytes; i++) {
        uint8_t *frame = make_frame(first_bytes[i], (const uint8_t *)"abc", 3);

        ck_assert_msg(!small_frame_at(frame, frame + 9, &length), "%02x", first_bytes[i]);
        free(frame);
    }
}
END_TEST

START_TEST(test_unmasked_long_and_incomplete_frames_are_not_taken)
{
    uint8_t *frame = make_frame(FRAME_FIN | OPCODE_BINARY, (const uint8_t *)"abc", 3);
    size_t length;

    for (size_t cut = 0; cut < 9; cut++) {
        ck_assert_msg(!small_frame_at(frame, frame + cut, &length), "cut at %zu", cut);
    }
    ck_assert(small_frame_at(frame, frame + 9, &length));
    frame[1] = 3;
    ck_assert(!small_frame_at(frame, frame + 9, &length));
    frame[1] = FRAME_MASKED | 126;
    ck_assert(!small_frame_at(frame, frame + 9, &length));
    frame[1] = FRAME_MASKED | 127;
    ck_assert(!small_frame_at(frame, frame + 9, &length));
    free(frame);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("small frame");
    TCase *tests = tcase_create("small frame");

    tcase_add_test(tests, test_every_length_is_unmasked_as_the_codec_does);
    tcase_add_test(tests, test_text_is_checked_as_the_codec_does);
    tcase_add_test(tests, test_other_frames_are_not_taken);
    tcase_add_test(tests, test_unmasked_long_and_incomplete_frames_are_not_taken);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

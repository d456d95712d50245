/*
 * The inline path for whole frames: the same answers as the codec for every frame.
 */
#include "protocol/whole_frame.h"

#include "suite.h"

#include <stdlib.h>

/* Short and long forms, every way in which the last block can be filled. */
enum { LONGEST = 300 };

static const struct frame_limits limits = {1 << 20, 1000};

static size_t header_bytes(size_t length)
{
    return length <= FRAME_SHORT_MAX_BYTES ? 6 : 8;
}

/* Writes a masked frame to exactly as many bytes as it has and the slack; free with free. */
static uint8_t *make_frame(uint8_t first_byte, const uint8_t *payload, size_t length)
{
    static const uint8_t key[4] = {0x37, 0xFA, 0x21, 0x3D};
    uint8_t *frame = malloc(header_bytes(length) + length + WHOLE_FRAME_SLACK_BYTES);
    uint8_t *at = frame + frame_write_header(frame, first_byte, length);

    frame[1] |= FRAME_MASKED;
    memcpy(at, key, sizeof key);
    at += sizeof key;
    for (size_t i = 0; i < length; i++) {
        at[i] = payload[i] ^ key[i % 4];
    }
    memset(at + length, 0x5A, WHOLE_FRAME_SLACK_BYTES);
    return frame;
}

static const uint8_t *frame_end(const uint8_t *frame, size_t length)
{
    return frame + header_bytes(length) + length;
}

/* What the codec says of the frame: its payload goes to `target`. */
static bool codec_accepts(const uint8_t *frame, size_t length, uint8_t *target)
{
    struct frame_decoder decoder = {0};
    struct frame_failure failure;
    const uint8_t *input = frame;

    ck_assert_int_eq(
        frame_decode_header(&decoder, &limits, &input, frame_end(frame, length), &failure),
        FRAME_ACCEPTED);
    return frame_payload(&decoder, target, input, length);
}

static void check_payload(uint8_t opcode, const uint8_t *payload, size_t length)
{
    uint8_t *frame = make_frame((uint8_t)(FRAME_FIN | opcode), payload, length);
    uint8_t *target = malloc(length + WHOLE_FRAME_SLACK_BYTES);
    uint8_t by_codec[LONGEST];
    struct whole_frame found;
    bool right = codec_accepts(frame, length, by_codec);

    ck_assert(whole_frame_at(frame, frame_end(frame, length), &found));
    ck_assert_uint_eq(found.length, length);
    ck_assert_uint_eq(found.opcode, opcode);
    ck_assert_ptr_eq(found.payload, frame + header_bytes(length));
    ck_assert_int_eq(whole_frame_payload(&found, target), right);
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

/* A text that has ASCII and other characters in every block. */
static void check_moved_down(size_t length, size_t distance)
{
    static const char *const alphabet = "gr\xC3\xBC\xC3\x9F";
    uint8_t payload[LONGEST];
    uint8_t *bytes = malloc(distance + length + WHOLE_FRAME_SLACK_BYTES + header_bytes(length));
    uint8_t *frame;
    struct whole_frame found;
    bool right;

    for (size_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)alphabet[i % 6];
    }
    frame = make_frame(FRAME_FIN | OPCODE_TEXT, payload, length);
    memcpy(bytes + distance, frame, header_bytes(length) + length + WHOLE_FRAME_SLACK_BYTES);
    ck_assert(
        whole_frame_at(bytes + distance, bytes + distance + header_bytes(length) + length, &found));
    right = utf8_valid(payload, length);
    ck_assert_int_eq(whole_frame_payload(&found, bytes + header_bytes(length)), right);
    ck_assert(!right || memcmp(bytes + header_bytes(length), payload, length) == 0);
    ck_assert_msg(memcmp(found.payload + length, frame + header_bytes(length) + length,
                         WHOLE_FRAME_SLACK_BYTES) == 0,
                  "what follows %zu bytes is overwritten from %zu below", length, distance);
    free(frame);
    free(bytes);
}

START_TEST(test_a_payload_may_be_moved_down_over_itself)
{
    for (size_t length = 0; length <= LONGEST; length++) {
        for (size_t distance = WHOLE_FRAME_SLACK_BYTES; distance <= 80; distance++) {
            check_moved_down(length, distance);
        }
    }
}
END_TEST

/* Frames that are not the common case are left to the codec. */
START_TEST(test_other_frames_are_not_taken)
{
    static const uint8_t first_bytes[] = {0x01, 0x02, 0x00, 0x80, 0x83, 0x88, 0x89,
                                          0x8A, 0x91, 0xA1, 0xC1, 0xC2, 0xFF};
    struct whole_frame found;

    for (size_t i = 0; i < sizeof first_bytes; i++) {
        uint8_t *frame = make_frame(first_bytes[i], (const uint8_t *)"abc", 3);

        ck_assert_msg(!whole_frame_at(frame, frame_end(frame, 3), &found), "%02x", first_bytes[i]);
        free(frame);
    }
}
END_TEST

static const size_t cut_lengths[] = {0, 3, 125, 126, 300};

START_TEST(test_incomplete_and_unmasked_frames_are_not_taken)
{
    static const uint8_t payload[LONGEST];
    size_t length = cut_lengths[_i];
    uint8_t *frame = make_frame(FRAME_FIN | OPCODE_BINARY, payload, length);
    size_t whole = header_bytes(length) + length;
    struct whole_frame found;

    for (size_t cut = 0; cut < whole; cut++) {
        ck_assert_msg(!whole_frame_at(frame, frame + cut, &found), "cut at %zu", cut);
    }
    ck_assert(whole_frame_at(frame, frame + whole, &found));
    frame[1] &= (uint8_t)~FRAME_MASKED;
    ck_assert(!whole_frame_at(frame, frame + whole, &found));
    free(frame);
}
END_TEST

/* A length in more bytes than it needs is the codec's to refuse; one in eight bytes its to take. */
START_TEST(test_lengths_in_other_forms_are_not_taken)
{
    uint8_t frame[300] = {FRAME_FIN | OPCODE_BINARY, FRAME_MASKED | 126};
    struct whole_frame found;

    frame[3] = 125;
    ck_assert(!whole_frame_at(frame, frame + sizeof frame, &found));
    frame[3] = 126;
    ck_assert(whole_frame_at(frame, frame + sizeof frame, &found));
    frame[1] = FRAME_MASKED | 127;
    ck_assert(!whole_frame_at(frame, frame + sizeof frame, &found));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("whole frame");
    TCase *tests = tcase_create("whole frame");

    protocol_choose_kernels();
    tcase_add_test(tests, test_every_length_is_unmasked_as_the_codec_does);
    tcase_add_test(tests, test_text_is_checked_as_the_codec_does);
    tcase_add_test(tests, test_a_payload_may_be_moved_down_over_itself);
    tcase_add_test(tests, test_other_frames_are_not_taken);
    tcase_add_loop_test(tests, test_incomplete_and_unmasked_frames_are_not_taken, 0,
                        sizeof cut_lengths / sizeof *cut_lengths);
    tcase_add_test(tests, test_lengths_in_other_forms_are_not_taken);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

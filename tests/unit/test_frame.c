/*
 * The frame codec: lengths that overflow careless code, payloads and texts cut anywhere, and the
 * headers that we write. Which headers are legal is in test_frame_table.
 */
#include "protocol/frame.h"

#include "base/slice.h"
#include "protocol/payload.h"
#include "suite.h"

#include <limits.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX_BYTES = 1 << 20, FRAGMENTS_MAX = 100 };

static const struct frame_limits limits = {MESSAGE_MAX_BYTES, FRAGMENTS_MAX};

static const uint8_t keys[][4] = {
    {0x37, 0xFA, 0x21, 0x3D},
    {0x00, 0x00, 0x00, 0x00},
    {0xFF, 0x80, 0x01, 0x7F},
};

/* ---- headers ---- */

/* Feeds a piece from a block of its own size: a look behind its end shows. */
static enum frame_verdict feed(struct frame_decoder *decoder, const struct frame_limits *allowed,
                               const uint8_t *bytes, size_t length, struct frame_failure *failure)
{
    uint8_t *piece = malloc(length);
    const uint8_t *input = piece;
    enum frame_verdict verdict;

    memcpy(piece, bytes, length);
    verdict = frame_decode_header(decoder, allowed, &input, piece + length, failure);
    ck_assert(verdict == FRAME_REFUSED || input == piece + length);
    free(piece);
    return verdict;
}

/* Cuts the header wherever a bit of `cuts` is set and returns the first verdict there is. */
static enum frame_verdict feed_in_pieces(struct frame_decoder *decoder,
                                         const struct frame_limits *allowed, const uint8_t *header,
                                         size_t size, unsigned cuts, struct frame_failure *failure)
{
    enum frame_verdict verdict = FRAME_NEED_MORE;
    size_t start = 0;

    for (size_t end = 1; verdict == FRAME_NEED_MORE && end <= size; end++) {
        if (end == size || (cuts >> (end - 1) & 1) != 0) {
            verdict = feed(decoder, allowed, header + start, end - start, failure);
            start = end;
        }
    }
    return verdict;
}

/* Fails unless the header, cut so, gets this code, or 0 for acceptance. */
static void check_cut(const struct frame_limits *allowed, const uint8_t *header, size_t size,
                      unsigned cuts, unsigned code, uint64_t length)
{
    struct frame_decoder decoder = {0};
    struct frame_failure failure = {0};
    enum frame_verdict verdict = feed_in_pieces(&decoder, allowed, header, size, cuts, &failure);

    ck_assert_msg(verdict == (code == 0 ? FRAME_ACCEPTED : FRAME_REFUSED) && failure.code == code &&
                      decoder.remaining == (code == 0 ? length : 0),
                  "length %llu, cuts %x: verdict %d, code %d", (unsigned long long)length, cuts,
                  verdict, failure.code);
}

/* In one to three pieces, and one byte at a time. */
static void check_every_cut(const struct frame_limits *allowed, const uint8_t *header, size_t size,
                            unsigned code, uint64_t length)
{
    check_cut(allowed, header, size, UINT_MAX, code, length);
    for (size_t first = 0; first < size; first++) {
        for (size_t second = first; second < size; second++) {
            check_cut(allowed, header, size, 1U << first | 1U << second, code, length);
        }
    }
}

static const struct {
    uint64_t length;
    unsigned code;             /* under a usual limit */
    unsigned code_under_limit; /* when a message may have INT64_MAX bytes */
} huge_lengths[] = {
    {UINT64_C(0xFFFFFFFF), CLOSE_TOO_BIG, 0},
    {UINT64_C(0x100000000), CLOSE_TOO_BIG, 0},
    {UINT64_C(0x100000001), CLOSE_TOO_BIG, 0},
    {UINT64_C(0x7FFFFFFFFFFFFFFF), CLOSE_TOO_BIG, 0},
    {UINT64_C(0x8000000000000000), CLOSE_PROTOCOL_ERROR, CLOSE_PROTOCOL_ERROR},
    {UINT64_C(0x8000000000000001), CLOSE_PROTOCOL_ERROR, CLOSE_PROTOCOL_ERROR},
    {UINT64_C(0xFFFFFFFFFFFFFFF6), CLOSE_PROTOCOL_ERROR, CLOSE_PROTOCOL_ERROR},
    {UINT64_C(0xFFFFFFFFFFFFFFFC), CLOSE_PROTOCOL_ERROR, CLOSE_PROTOCOL_ERROR},
    {UINT64_C(0xFFFFFFFFFFFFFFFF), CLOSE_PROTOCOL_ERROR, CLOSE_PROTOCOL_ERROR},
};

START_TEST(test_a_huge_length_is_refused_however_its_header_is_cut)
{
    static const struct frame_limits unlimited = {INT64_MAX, FRAGMENTS_MAX};

    for (size_t i = 0; i < sizeof huge_lengths / sizeof *huge_lengths; i++) {
        uint64_t length = huge_lengths[i].length;
        uint8_t header[FRAME_CLIENT_HEADER_MAX] = {0};

        frame_write_header(header, FRAME_FIN | OPCODE_BINARY, length);
        header[1] |= FRAME_MASKED;
        check_every_cut(&limits, header, sizeof header, huge_lengths[i].code, length);
        check_every_cut(&unlimited, header, sizeof header, huge_lengths[i].code_under_limit,
                        length);
    }
}
END_TEST

START_TEST(test_a_good_header_is_accepted_however_it_is_cut)
{
    static const uint64_t lengths[] = {0, 125, 126, 65535, 65536, MESSAGE_MAX_BYTES};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        uint8_t header[FRAME_CLIENT_HEADER_MAX];
        size_t size = frame_write_header(header, OPCODE_TEXT, lengths[i]);

        header[1] |= FRAME_MASKED;
        memcpy(header + size, keys[0], 4);
        check_every_cut(&limits, header, size + 4, 0, lengths[i]);
    }
}
END_TEST

START_TEST(test_nothing_is_decided_without_input)
{
    struct frame_decoder decoder = {0};
    struct frame_failure failure;
    const uint8_t *input = NULL;

    ck_assert_int_eq(frame_decode_header(&decoder, &limits, &input, NULL, &failure),
                     FRAME_NEED_MORE);
    ck_assert_int_eq(feed(&decoder, &limits, (const uint8_t *)"\x82", 1, &failure),
                     FRAME_NEED_MORE);
    ck_assert_int_eq(frame_decode_header(&decoder, &limits, &input, NULL, &failure),
                     FRAME_NEED_MORE);
    ck_assert_int_eq(feed(&decoder, &limits, (const uint8_t *)"\x80mask", 5, &failure),
                     FRAME_ACCEPTED);
}
END_TEST

START_TEST(test_a_payload_behind_a_header_is_left_to_the_caller)
{
    static const uint8_t wire[] = {0x82, 0x83, 1, 2, 3, 4, 'a', 'b', 'c'};

    for (size_t cut = 0; cut < 6; cut++) {
        struct frame_decoder decoder = {0};
        struct frame_failure failure;
        const uint8_t *input = wire;

        ck_assert_int_eq(frame_decode_header(&decoder, &limits, &input, wire + cut, &failure),
                         FRAME_NEED_MORE);
        ck_assert_ptr_eq(input, wire + cut);
        ck_assert_int_eq(
            frame_decode_header(&decoder, &limits, &input, wire + sizeof wire, &failure),
            FRAME_ACCEPTED);
        ck_assert_ptr_eq(input, wire + 6);
        ck_assert(decoder.in_frame);
    }
}
END_TEST

/* ---- messages ---- */

struct fragment {
    uint8_t first_byte;
    const char *payload;
    size_t length;
};

/* The header of a fragment, which comes in three pieces and must be accepted. */
static void begin(struct frame_decoder *decoder, const struct frame_limits *allowed,
                  uint8_t first_byte, uint64_t length, const uint8_t key[4])
{
    uint8_t header[FRAME_CLIENT_HEADER_MAX];
    size_t size = frame_write_header(header, first_byte, length);
    struct frame_failure failure;

    header[1] |= FRAME_MASKED;
    memcpy(header + size, key, 4);
    ck_assert_int_eq(
        feed_in_pieces(decoder, allowed, header, size + 4, 1U << 0 | 1U << 4, &failure),
        FRAME_ACCEPTED);
}

/* Finishes a frame whose payload nobody wants. */
static void pass_over(struct frame_decoder *decoder)
{
    decoder->remaining = 0;
    frame_finish(decoder);
}

/* Takes a fragment, `step` bytes at a time, and finishes it. False when it is not right. */
static bool take(struct frame_decoder *decoder, struct fragment fragment, const uint8_t key[4],
                 size_t step)
{
    uint8_t *target = malloc(fragment.length > 0 ? fragment.length : 1);
    bool right = true;
    size_t done = 0;

    begin(decoder, &limits, fragment.first_byte, fragment.length, key);
    do {
        size_t length = fragment.length - done < step ? fragment.length - done : step;

        for (size_t i = done; i < done + length; i++) {
            target[i] = (uint8_t)fragment.payload[i] ^ key[i % 4];
        }
        right = frame_payload(decoder, target + done, target + done, length);
        done += length;
    } while (right && done < fragment.length);
    if (right) {
        ck_assert(fragment.length == 0 || memcmp(target, fragment.payload, fragment.length) == 0);
        frame_finish(decoder);
    }
    free(target);
    return right;
}

/* Texts with characters of every length, and what is wrong in every way that needs context. */
static const struct {
    struct slice text;
    bool right;
} texts[] = {
    {{"\xCE\xBA\xE1\xBD\xB9\xCF\x83\xCE\xBC\xCE\xB5", 11}, true},
    {{"a\xC3\xBC\xE2\x82\xAC\xF0\x9D\x84\x9Ez\0\xEF\xBF\xBF", 15}, true},
    {{"\xF4\x8F\xBF\xBF", 4}, true},
    {{"\xF4\x90\x80\x80", 4}, false},
    {{"ab\xED\xA0\x80", 5}, false},
    {{"ab\xE0\x80\x80", 5}, false},
    {{"ab\xF0\x80\x80\x80", 6}, false},
    {{"ab\xC3", 3}, false},
    {{"ab\xE2\x82", 4}, false},
    {{"ab\xF0\x9D\x84", 5}, false},
    {{"\xC3\xBC\x80", 3}, false},
};

/* The text in three fragments, any of which may be empty, each under a key of its own. */
static bool take_in_three(struct slice text, size_t first, size_t second, size_t step)
{
    struct frame_decoder decoder = {0};
    size_t last = text.length - first - second;

    return take(&decoder, (struct fragment){OPCODE_TEXT, text.data, first}, keys[0], step) &&
           take(&decoder, (struct fragment){OPCODE_CONTINUATION, text.data + first, second},
                keys[1], step) &&
           take(&decoder, (struct fragment){FRAME_FIN | OPCODE_PING, "\xFF\xC3", 2}, keys[0],
                step) &&
           take(
               &decoder,
               (struct fragment){FRAME_FIN | OPCODE_CONTINUATION, text.data + first + second, last},
               keys[2], step) &&
           !decoder.in_frame && decoder.message_opcode == 0;
}

static void check_text(struct slice text, bool right)
{
    for (size_t step = 1; step <= 3; step++) {
        for (size_t first = 0; first <= text.length; first++) {
            for (size_t second = 0; second <= text.length - first; second++) {
                ck_assert_msg(take_in_three(text, first, second, step) == right,
                              "%zu, %zu and %zu bytes of %s", first, second,
                              text.length - first - second, text.data);
            }
        }
    }
}

START_TEST(test_a_text_may_be_cut_anywhere_by_fragments_and_reads)
{
    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        check_text(texts[i].text, texts[i].right);
    }
}
END_TEST

START_TEST(test_an_empty_last_fragment_does_not_complete_a_character)
{
    struct frame_decoder decoder = {0};
    const struct fragment end = {FRAME_FIN | OPCODE_CONTINUATION, "", 0};

    ck_assert(take(&decoder, (struct fragment){OPCODE_TEXT, "a\xC3", 2}, keys[0], 2));
    ck_assert(!take(&decoder, end, keys[0], 1));
    decoder = (struct frame_decoder){0};
    ck_assert(take(&decoder, (struct fragment){OPCODE_TEXT, "a\xC3\xBC", 3}, keys[0], 3));
    ck_assert(take(&decoder, end, keys[0], 1));
}
END_TEST

START_TEST(test_a_message_of_empty_fragments_is_empty)
{
    struct frame_decoder decoder = {0};

    for (unsigned opcode = OPCODE_TEXT; opcode <= OPCODE_BINARY; opcode++) {
        ck_assert(take(&decoder, (struct fragment){(uint8_t)opcode, "", 0}, keys[0], 1));
        ck_assert_uint_eq(decoder.message_opcode, opcode);
        ck_assert(take(&decoder, (struct fragment){OPCODE_CONTINUATION, "", 0}, keys[0], 1));
        ck_assert(
            take(&decoder, (struct fragment){FRAME_FIN | OPCODE_CONTINUATION, "", 0}, keys[0], 1));
        ck_assert_uint_eq(decoder.message_opcode, 0);
    }
}
END_TEST

START_TEST(test_wrong_text_fails_at_the_first_byte_that_cannot_be_right)
{
    static const char text[] = "ab\xED\xA0\x80 and much more to come";
    struct frame_decoder decoder = {0};
    uint8_t target;

    begin(&decoder, &limits, OPCODE_TEXT, 1000, keys[1]);
    for (size_t i = 0; i < 3; i++) {
        ck_assert(frame_payload(&decoder, &target, (const uint8_t *)text + i, 1));
    }
    ck_assert(!frame_payload(&decoder, &target, (const uint8_t *)text + 3, 1));
}
END_TEST

START_TEST(test_bytes_that_are_no_text_are_right_in_a_binary_message)
{
    struct frame_decoder decoder = {0};

    ck_assert(take(&decoder, (struct fragment){OPCODE_BINARY, "\xFF\xC3", 2}, keys[0], 1));
    ck_assert(
        take(&decoder, (struct fragment){FRAME_FIN | OPCODE_CONTINUATION, "\xC0", 1}, keys[0], 1));
    ck_assert(take(&decoder, (struct fragment){FRAME_FIN | OPCODE_TEXT, "a", 1}, keys[0], 1));
}
END_TEST

static const uint64_t sums[] = {UINT64_C(1) << 31, UINT64_C(1) << 32, INT64_MAX};

START_TEST(test_fragments_whose_sum_passes_the_limit_are_refused)
{
    const struct frame_limits allowed = {sums[_i], FRAGMENTS_MAX};
    const uint64_t parts[] = {sums[_i] / 2, sums[_i] - sums[_i] / 2, 0};
    struct frame_decoder decoder = {0};
    struct frame_failure failure;
    uint8_t opcode = OPCODE_BINARY;

    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++) {
        begin(&decoder, &allowed, opcode, parts[i], keys[0]);
        pass_over(&decoder);
        opcode = OPCODE_CONTINUATION;
    }
    ck_assert_int_eq(feed(&decoder, &allowed, (const uint8_t *)"\x80\x81", 2, &failure),
                     FRAME_REFUSED);
    ck_assert_int_eq(failure.code, CLOSE_TOO_BIG);
}
END_TEST

START_TEST(test_every_message_may_be_as_large_as_the_limit)
{
    struct frame_decoder decoder = {0};

    for (unsigned message = 0; message < 3; message++) {
        begin(&decoder, &limits, OPCODE_BINARY, MESSAGE_MAX_BYTES - 1, keys[0]);
        pass_over(&decoder);
        begin(&decoder, &limits, FRAME_FIN | OPCODE_CONTINUATION, 1, keys[0]);
        pass_over(&decoder);
    }
}
END_TEST

/* ---- unmasking ---- */

/* Unmasks `length` bytes of a frame that come in three reads. */
static void check_unmasked(uint8_t opcode, const uint8_t *payload, size_t length, size_t first,
                           size_t second)
{
    const size_t ends[] = {first, first + second, length};
    uint8_t *masked = malloc(length);
    uint8_t *target = malloc(length);
    struct frame_decoder decoder = {0};
    size_t done = 0;

    for (size_t i = 0; i < length; i++) {
        masked[i] = payload[i] ^ keys[0][i % 4];
    }
    begin(&decoder, &limits, FRAME_FIN | opcode, length, keys[0]);
    for (size_t i = 0; i < 3; done = ends[i++]) {
        ck_assert(frame_payload(&decoder, target + done, masked + done, ends[i] - done));
        ck_assert_uint_eq(decoder.remaining, length - ends[i]);
    }
    ck_assert_msg(memcmp(target, payload, length) == 0, "%zu bytes cut at %zu and %zu", length,
                  first, first + second);
    free(masked);
    free(target);
}

START_TEST(test_every_read_goes_on_with_the_mask_where_the_last_one_ended)
{
    uint8_t payload[67];

    for (size_t i = 0; i < sizeof payload; i++) {
        payload[i] = (uint8_t)(0x80 + i * 7);
    }
    for (size_t length = 1; length <= sizeof payload; length++) {
        for (size_t first = 0; first <= length; first += first < 8 ? 1 : 9) {
            for (size_t second = 0; second <= length - first && second < 4; second++) {
                check_unmasked(OPCODE_BINARY, payload, length, first, second);
            }
        }
    }
}
END_TEST

/* Three bytes a character: some lie across the blocks in which text is checked. */
START_TEST(test_long_text_is_checked_whole_however_it_is_cut)
{
    enum { LONG_TEXT = 3 * 5000 };

    static const size_t cuts[] = {0, 1, 2, 3, 4, 5, 4095, 4096, 4097, 8191, 8192, LONG_TEXT};
    uint8_t text[LONG_TEXT];

    for (size_t i = 0; i < sizeof text; i += 3) {
        memcpy(text + i, "\xE2\x82\xAC", 3);
    }
    for (size_t first = 0; first < sizeof cuts / sizeof *cuts; first++) {
        for (size_t second = first; second < sizeof cuts / sizeof *cuts; second++) {
            check_unmasked(OPCODE_TEXT, text, sizeof text, cuts[first], cuts[second] - cuts[first]);
        }
    }
}
END_TEST

START_TEST(test_one_wrong_byte_in_a_long_text_is_found)
{
    static char text[3 * 4096];

    memset(text, 'a', sizeof text);
    for (size_t place = 0; place < sizeof text; place += 1023) {
        struct frame_decoder decoder = {0};

        text[place] = (char)0xFF;
        ck_assert_msg(!take(&decoder, (struct fragment){FRAME_FIN | OPCODE_TEXT, text, sizeof text},
                            keys[0], sizeof text),
                      "at %zu", place);
        text[place] = 'a';
    }
}
END_TEST

/* ---- what we send ---- */

static const struct {
    uint8_t first_byte;
    uint64_t length;
    size_t size;
    const char *bytes;
} written[] = {
    {0x81, 0, 2, "\x81\x00"},
    {0x81, 5, 2, "\x81\x05"},
    {0x01, 3, 2, "\x01\x03"},
    {0x80, 2, 2, "\x80\x02"},
    {0x82, 125, 2, "\x82\x7D"},
    {0x82, 126, 4, "\x82\x7E\x00\x7E"},
    {0x82, 127, 4, "\x82\x7E\x00\x7F"},
    {0x82, 256, 4, "\x82\x7E\x01\x00"},
    {0x02, 65535, 4, "\x02\x7E\xFF\xFF"},
    {0x82, 65536, 10, "\x82\x7F\x00\x00\x00\x00\x00\x01\x00\x00"},
    {0x00, 0x123456789AB, 10, "\x00\x7F\x00\x00\x01\x23\x45\x67\x89\xAB"},
    {0x82, INT64_MAX, 10, "\x82\x7F\x7F\xFF\xFF\xFF\xFF\xFF\xFF\xFF"},
};

START_TEST(test_a_header_is_written_in_its_shortest_form_and_unmasked)
{
    for (size_t i = 0; i < sizeof written / sizeof *written; i++) {
        uint8_t *target = malloc(written[i].size);

        ck_assert_uint_eq(frame_header_size(written[i].length), written[i].size);
        ck_assert_uint_eq(frame_write_header(target, written[i].first_byte, written[i].length),
                          written[i].size);
        ck_assert_mem_eq(target, written[i].bytes, written[i].size);
        free(target);
    }
}
END_TEST

/* Marks where frames end among their bytes; returns how many bytes there are. */
static size_t write_frames(uint8_t *frames, bool *is_end)
{
    static const size_t payloads[] = {0, 1, 0, 125, 126, 0, 65535, 2, 65536, 125};
    size_t length = 0;

    is_end[0] = true;
    for (size_t i = 0; i < sizeof payloads / sizeof *payloads; i++) {
        size_t header = frame_write_header(frames + length, 0x82, payloads[i]);

        memset(frames + length + header, 0x7F, payloads[i]);
        length += header + payloads[i];
        is_end[length] = true;
    }
    return length;
}

START_TEST(test_a_boundary_is_the_next_end_of_a_frame)
{
    enum { ROOM = 2 * 65536 + 1024 };

    uint8_t *frames = malloc(ROOM);
    bool *is_end = calloc(ROOM, sizeof *is_end);
    size_t length = write_frames(frames, is_end);
    size_t boundary = 0;
    size_t wrong = 0;

    frames = realloc(frames, length);
    for (size_t offset = 0; offset <= length; offset++) {
        while (boundary < offset || !is_end[boundary]) {
            boundary++;
        }
        wrong += frame_boundary(frames, length, offset) != boundary;
    }
    ck_assert_uint_eq(wrong, 0);
    free(frames);
    free(is_end);
}
END_TEST

static Suite *frame_suite(void)
{
    Suite *suite = suite_create("frame");
    TCase *headers = tcase_create("headers");
    TCase *messages = tcase_create("messages");
    TCase *unmasking = tcase_create("unmasking");
    TCase *sent = tcase_create("sent");

    tcase_add_test(headers, test_a_huge_length_is_refused_however_its_header_is_cut);
    tcase_add_test(headers, test_a_good_header_is_accepted_however_it_is_cut);
    tcase_add_test(headers, test_nothing_is_decided_without_input);
    tcase_add_test(headers, test_a_payload_behind_a_header_is_left_to_the_caller);
    suite_add_tcase(suite, headers);
    tcase_add_test(messages, test_a_text_may_be_cut_anywhere_by_fragments_and_reads);
    tcase_add_test(messages, test_an_empty_last_fragment_does_not_complete_a_character);
    tcase_add_test(messages, test_a_message_of_empty_fragments_is_empty);
    tcase_add_test(messages, test_wrong_text_fails_at_the_first_byte_that_cannot_be_right);
    tcase_add_test(messages, test_bytes_that_are_no_text_are_right_in_a_binary_message);
    tcase_add_loop_test(messages, test_fragments_whose_sum_passes_the_limit_are_refused, 0,
                        sizeof sums / sizeof *sums);
    tcase_add_test(messages, test_every_message_may_be_as_large_as_the_limit);
    suite_add_tcase(suite, messages);
    tcase_add_test(unmasking, test_every_read_goes_on_with_the_mask_where_the_last_one_ended);
    tcase_add_test(unmasking, test_long_text_is_checked_whole_however_it_is_cut);
    tcase_add_test(unmasking, test_one_wrong_byte_in_a_long_text_is_found);
    suite_add_tcase(suite, unmasking);
    tcase_add_test(sent, test_a_header_is_written_in_its_shortest_form_and_unmasked);
    tcase_add_test(sent, test_a_boundary_is_the_next_end_of_a_frame);
    suite_add_tcase(suite, sent);
    return suite;
}

int main(void)
{
    protocol_choose_kernels();
    return suite_run(frame_suite());
}

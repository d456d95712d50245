/*
 * permessage-deflate: what is negotiated, and messages there and back however they are cut.
 */
#include "bench/deflate.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 100000, ROOM = 1000 };

struct answer {
    const char *text;
    bool good;
    bool keeps_context;
};

static const struct answer answers[] = {
    {"permessage-deflate", true, true},
    {"Permessage-Deflate", true, true},
    {"permessage-deflate; client_no_context_takeover", true, true},
    {"permessage-deflate; server_no_context_takeover", true, false},
    {"permessage-deflate;server_no_context_takeover ; client_no_context_takeover", true, false},
    {"permessage-deflate; server_max_window_bits=8", true, true},
    {"permessage-deflate; server_max_window_bits=15", true, true},
    {"permessage-deflate; server_max_window_bits=7", false, false},
    {"permessage-deflate; server_max_window_bits=16", false, false},
    {"permessage-deflate; server_max_window_bits=150", false, false},
    {"permessage-deflate; server_max_window_bits", false, false},
    {"permessage-deflate; server_max_window_bits=", false, false},
    {"permessage-deflate; client_max_window_bits=15", false, false},
    {"permessage-deflate; anything", false, false},
    {"permessage-deflate, permessage-deflate", false, false},
    {"x-webkit-deflate-frame", false, false},
    {"", false, false},
};

START_TEST(test_answers_to_the_offer)
{
    const struct answer *answer = &answers[_i];
    bool keeps_context;
    const char *why = deflate_read_answer(slice_of(answer->text), &keeps_context);

    ck_assert_msg((why == NULL) == answer->good, "%s: %s", answer->text, why);
    if (answer->good) {
        ck_assert_int_eq(keeps_context, answer->keeps_context);
    }
}
END_TEST

static uint8_t payload[LONGEST];
static uint8_t restored[LONGEST + ROOM];

/* Something that can be compressed, but not to nothing. */
static void fill(void)
{
    uint32_t state = 1;

    for (size_t i = 0; i < LONGEST; i++) {
        state = state * 1664525 + 1013904223;
        payload[i] = (uint8_t)("wsrelay "[state >> 29] + (i >> 14));
    }
}

/* Feeds a message in pieces of this size; returns what it has become. */
static size_t inflate_in_pieces(struct inflater *inflater, const uint8_t *bytes, size_t length,
                                size_t size)
{
    size_t restored_bytes = 0;
    size_t at = 0;

    do {
        size_t left = length - at;
        size_t taken = size < left ? size : left;
        enum inflate_event event;
        size_t more;

        inflater_feed(inflater, bytes + at, taken, taken == left);
        while ((event = inflater_next(inflater, restored + restored_bytes, ROOM, &more)) ==
               INFLATE_DATA) {
            restored_bytes += more;
            ck_assert_uint_le(restored_bytes, LONGEST);
        }
        ck_assert_int_eq(event, INFLATE_DONE);
        at += taken;
    } while (at < length);
    return restored_bytes;
}

START_TEST(test_messages_come_back_however_they_are_cut)
{
    static const size_t lengths[] = {0, 1, 125, 5000, LONGEST};
    struct deflater *deflater = deflater_create();

    for (int keeps = 0; keeps < 2; keeps++) {
        struct inflater *inflater = inflater_create(keeps);

        for (size_t i = 0; i < 2 * sizeof lengths / sizeof *lengths; i++) {
            size_t length = lengths[i / 2];
            uint8_t *compressed = malloc(deflater_bound(length));
            size_t compressed_bytes = deflater_message(deflater, payload, length, compressed);

            ck_assert_uint_eq(inflate_in_pieces(inflater, compressed, compressed_bytes,
                                                i % 2 == 0 ? SIZE_MAX : 7),
                              length);
            ck_assert_mem_eq(restored, payload, length);
            ck_assert_msg(length < 5000 || compressed_bytes < length * 3 / 4, "%zu of %zu bytes",
                          compressed_bytes, length);
            free(compressed);
        }
        inflater_free(inflater);
    }
    deflater_free(deflater);
}
END_TEST

/* RFC 7692 section 7.2.3: the examples, all of which are "Hello". */
START_TEST(test_the_examples_of_the_rfc)
{
    static const struct {
        const char *bytes;
        size_t length;
    } examples[] = {
        {"\xf2\x48\xcd\xc9\xc9\x07\x00", 7},
        {"\xf2\x00\x11\x00\x00", 5}, /* refers to the one before */
        {"\x00\x05\x00\xfa\xff\x48\x65\x6c\x6c\x6f\x00", 11},
        {"\xf3\x48\xcd\xc9\xc9\x07\x00\x00", 8},
        {"\xf2\x48\x05\x00\x00\x00\xff\xff\xca\xc9\xc9\x07\x00", 13},
    };
    struct inflater *inflater = inflater_create(true);

    for (size_t i = 0; i < sizeof examples / sizeof *examples; i++) {
        ck_assert_uint_eq(inflate_in_pieces(inflater, (const uint8_t *)examples[i].bytes,
                                            examples[i].length, SIZE_MAX),
                          5);
        ck_assert_mem_eq(restored, "Hello", 5);
    }
    inflater_free(inflater);
}
END_TEST

START_TEST(test_without_context_nothing_before_is_known)
{
    static const uint8_t first[] = {0xf2, 0x48, 0xcd, 0xc9, 0xc9, 0x07, 0x00};
    static const uint8_t refers[] = {0xf2, 0x00, 0x11, 0x00, 0x00};
    struct inflater *inflater = inflater_create(false);
    size_t length;

    ck_assert_uint_eq(inflate_in_pieces(inflater, first, sizeof first, SIZE_MAX), 5);
    inflater_feed(inflater, refers, sizeof refers, true);
    while (inflater_next(inflater, restored, ROOM, &length) == INFLATE_DATA) {}
    ck_assert_int_eq(inflater_next(inflater, restored, ROOM, &length), INFLATE_BROKEN);
    inflater_free(inflater);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("deflate");
    TCase *tests = suite_case(suite, "deflate");

    tcase_add_unchecked_fixture(tests, fill, NULL);
    tcase_add_loop_test(tests, test_answers_to_the_offer, 0, sizeof answers / sizeof *answers);
    tcase_add_test(tests, test_messages_come_back_however_they_are_cut);
    tcase_add_test(tests, test_the_examples_of_the_rfc);
    tcase_add_test(tests, test_without_context_nothing_before_is_known);
    return suite_run(suite);
}

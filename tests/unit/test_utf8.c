/*
 * UTF-8, against a decoder written from the table of RFC 3629 section 4.
 */
#include "protocol/utf8.h"

#include "suite.h"
#include "utf8_samples.h"

#include <string.h>

enum { LONG_TEXT = 200 };

/* What a text is up to its end. */
enum verdict { IMPOSSIBLE, INCOMPLETE, COMPLETE };

/* The lines of the RFC's ABNF: the range of each byte of a character. */
static const struct {
    size_t length;
    uint8_t ranges[4][2];
} characters[] = {
    {1, {{0x00, 0x7F}}},
    {2, {{0xC2, 0xDF}, {0x80, 0xBF}}},
    {3, {{0xE0, 0xE0}, {0xA0, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xE1, 0xEC}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {3, {{0xED, 0xED}, {0x80, 0x9F}, {0x80, 0xBF}}},
    {3, {{0xEE, 0xEF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF0, 0xF0}, {0x90, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF1, 0xF3}, {0x80, 0xBF}, {0x80, 0xBF}, {0x80, 0xBF}}},
    {4, {{0xF4, 0xF4}, {0x80, 0x8F}, {0x80, 0xBF}, {0x80, 0xBF}}},
};

/* How many of the bytes fit a line of the table. */
static size_t fitting(size_t line, const uint8_t *bytes, size_t length)
{
    size_t i = 0;

    while (i < length && i < characters[line].length && bytes[i] >= characters[line].ranges[i][0] &&
           bytes[i] <= characters[line].ranges[i][1]) {
        i++;
    }
    return i;
}

/* The length of the character at the front; 0 if there can be none, `length` + 1 if it is cut. */
static size_t first_character(const uint8_t *bytes, size_t length)
{
    for (size_t line = 0; line < sizeof characters / sizeof *characters; line++) {
        size_t fit = fitting(line, bytes, length);

        if (fit == characters[line].length) {
            return fit;
        }
        if (fit == length) {
            return length + 1;
        }
    }
    return 0;
}

static enum verdict expected(const uint8_t *bytes, size_t length)
{
    while (length > 0) {
        size_t taken = first_character(bytes, length);

        if (taken == 0 || taken > length) {
            return taken == 0 ? IMPOSSIBLE : INCOMPLETE;
        }
        bytes += taken;
        length -= taken;
    }
    return COMPLETE;
}

/* What is said of a text that comes in two pieces; checks that the right one is failed. */
static enum verdict judge(const uint8_t *bytes, size_t length, size_t cut)
{
    struct utf8_state state = {0};
    bool first_right = utf8_check(&state, bytes, cut);

    if (first_right != (expected(bytes, cut) != IMPOSSIBLE)) {
        ck_abort_msg("first %zu of %zu bytes", cut, length);
    }
    if (!first_right || !utf8_check(&state, bytes + cut, length - cut)) {
        return IMPOSSIBLE;
    }
    return utf8_complete(&state) ? COMPLETE : INCOMPLETE;
}

static void check_everywhere(const uint8_t *bytes, size_t length)
{
    enum verdict right = expected(bytes, length);

    for (size_t cut = 0; cut <= length; cut++) {
        enum verdict said = judge(bytes, length, cut);

        if (said != right) {
            ck_abort_msg("%d, not %d, of %zu bytes, cut at %zu, that end with %02x", said, right,
                         length, cut, length > 0 ? bytes[length - 1] : 0);
        }
    }
}

START_TEST(test_all_strings_of_up_to_two_bytes)
{
    for (unsigned first = 0; first < 256; first++) {
        uint8_t bytes[2] = {(uint8_t)first, 0};

        check_everywhere(bytes, 1);
        for (unsigned second = 0; second < 256; second++) {
            bytes[1] = (uint8_t)second;
            check_everywhere(bytes, 2);
        }
    }
}
END_TEST

/* All three-byte strings with this lead byte; other first bytes are decided by two bytes. */
START_TEST(test_all_strings_of_three_bytes)
{
    for (unsigned rest = 0; rest < 65536; rest++) {
        uint8_t bytes[3] = {(uint8_t)_i, (uint8_t)(rest >> 8), (uint8_t)rest};

        if (judge(bytes, 3, 0) != expected(bytes, 3)) {
            ck_abort_msg("%02x %02x %02x", bytes[0], bytes[1], bytes[2]);
        }
    }
}
END_TEST

/* Strings of up to four bytes with this lead byte, cut everywhere. */
START_TEST(test_strings_at_the_edges_wherever_they_are_cut)
{
    enum { EDGES = sizeof utf8_edges };

    for (unsigned rest = 0; rest < EDGES * EDGES * EDGES; rest++) {
        uint8_t bytes[4] = {(uint8_t)_i, utf8_edges[rest / (EDGES * EDGES)],
                            utf8_edges[rest / EDGES % EDGES], utf8_edges[rest % EDGES]};

        check_everywhere(bytes, rest % 2 == 0 ? 4 : 3);
    }
}
END_TEST

/* Texts in which blocks could go wrong. */
START_TEST(test_a_piece_is_judged_alike_at_every_offset)
{
    size_t piece_bytes = strlen(utf8_pieces[_i]);

    for (size_t offset = 0; offset + piece_bytes <= LONG_TEXT; offset++) {
        uint8_t text[LONG_TEXT];

        memset(text, 'a', sizeof text);
        memcpy(text + offset, utf8_pieces[_i], piece_bytes);
        check_everywhere(text, sizeof text);
        check_everywhere(text, offset + piece_bytes);
    }
}
END_TEST

START_TEST(test_long_texts_without_ascii)
{
    static const char *const alphabets[] = {"\xC3\xA9", "\xE2\x82\xAC", "\xF0\x9D\x84\x9E",
                                            "\xD0\xB6\xE4\xB8\xAD"};
    size_t unit = strlen(alphabets[_i]);
    uint8_t text[LONG_TEXT];

    for (size_t i = 0; i < sizeof text; i++) {
        text[i] = (uint8_t)alphabets[_i][i % unit];
    }
    for (size_t length = 0; length <= sizeof text; length++) {
        check_everywhere(text, length);
    }
}
END_TEST

/* Of a text whose pairs are known to be right, the end alone says the same as all of it. */
START_TEST(test_the_end_alone_gives_the_same_state)
{
    static const char text[] = "a\xC3\xA9\xE2\x82\xAC\xF0\x9D\x84\x9E\xED\x9F\xBFz";
    const uint8_t *bytes = (const uint8_t *)text;

    for (size_t cut = 0; cut < sizeof text; cut++) {
        for (size_t end = cut; end < sizeof text; end++) {
            struct utf8_state by_all = {0};
            struct utf8_state by_end;

            ck_assert(utf8_check(&by_all, bytes, cut));
            by_end = by_all;
            ck_assert(utf8_check(&by_all, bytes + cut, end - cut));
            ck_assert(utf8_check_end(&by_end, bytes + cut, end - cut));
            ck_assert_uint_eq(by_end.lead, by_all.lead);
        }
    }
}
END_TEST

START_TEST(test_an_end_that_leads_nothing_is_wrong)
{
    static const char *const ends[] = {"abc\xC0", "abc\xF5", "ab\xE0\x9F", "ab\xF4\x90"};

    for (size_t i = 0; i < sizeof ends / sizeof *ends; i++) {
        struct utf8_state state = {0};

        ck_assert(!utf8_check_end(&state, (const uint8_t *)ends[i], 4));
    }
}
END_TEST

START_TEST(test_valid_wants_complete_text)
{
    ck_assert(utf8_valid((const uint8_t *)"", 0));
    ck_assert(utf8_valid((const uint8_t *)"\xE2\x82\xAC", 3));
    ck_assert(!utf8_valid((const uint8_t *)"\xE2\x82\xAC", 2));
    ck_assert(!utf8_valid((const uint8_t *)"\x82\xAC", 2));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("utf8");
    TCase *tests = tcase_create("utf8");

    tcase_add_test(tests, test_all_strings_of_up_to_two_bytes);
    tcase_add_loop_test(tests, test_all_strings_of_three_bytes, 0xC0, 0x100);
    tcase_add_loop_test(tests, test_strings_at_the_edges_wherever_they_are_cut, 0xC0, 0x100);
    tcase_add_loop_test(tests, test_a_piece_is_judged_alike_at_every_offset, 0,
                        sizeof utf8_pieces / sizeof *utf8_pieces);
    tcase_add_loop_test(tests, test_long_texts_without_ascii, 0, 4);
    tcase_add_test(tests, test_the_end_alone_gives_the_same_state);
    tcase_add_test(tests, test_an_end_that_leads_nothing_is_wrong);
    tcase_add_test(tests, test_valid_wants_complete_text);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

/*
 * UTF-8: every kernel against a decoder written from the table of RFC 3629 section 4.
 */
#include "protocol/kernels.h"

#include "suite.h"

#include <stdlib.h>
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

/* What a kernel says of a text that comes in two pieces; checks that it fails at the right one. */
static enum verdict judge(const struct utf8_kernel *kernel, const uint8_t *bytes, size_t length,
                          size_t cut)
{
    struct utf8_state state = {0};
    bool first_right = kernel->check(&state, bytes, cut);

    if (first_right != (expected(bytes, cut) != IMPOSSIBLE)) {
        ck_abort_msg("%s: first %zu of %zu bytes", kernel->name, cut, length);
    }
    if (!first_right || !kernel->check(&state, bytes + cut, length - cut)) {
        return IMPOSSIBLE;
    }
    return utf8_complete(&state) ? COMPLETE : INCOMPLETE;
}

static void check_everywhere(const uint8_t *bytes, size_t length)
{
    enum verdict right = expected(bytes, length);

    for (const struct utf8_kernel *kernel = utf8_kernels; kernel->name != NULL; kernel++) {
        for (size_t cut = 0; kernel->supported() && cut <= length; cut++) {
            enum verdict said = judge(kernel, bytes, length, cut);

            if (said != right) {
                ck_abort_msg("%s said %d, not %d, of %02x %02x %02x %02x, cut at %zu", kernel->name,
                             said, right, bytes[0], length > 1 ? bytes[1] : 0,
                             length > 2 ? bytes[2] : 0, length > 3 ? bytes[3] : 0, cut);
            }
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

/* Whole, without cuts, which the edges below have. */
static void check_whole(const uint8_t *bytes, size_t length)
{
    enum verdict right = expected(bytes, length);

    for (const struct utf8_kernel *kernel = utf8_kernels; kernel->name != NULL; kernel++) {
        struct utf8_state state = {0};
        bool possible = !kernel->supported() || kernel->check(&state, bytes, length);

        if (possible != (right != IMPOSSIBLE) ||
            (possible && kernel->supported() && utf8_complete(&state) != (right == COMPLETE))) {
            ck_abort_msg("%s: %02x %02x %02x", kernel->name, bytes[0], bytes[1], bytes[2]);
        }
    }
}

/* All three-byte strings with this lead byte; other first bytes are decided by two bytes. */
START_TEST(test_all_strings_of_three_bytes)
{
    for (unsigned rest = 0; rest < 65536; rest++) {
        uint8_t bytes[3] = {(uint8_t)_i, (uint8_t)(rest >> 8), (uint8_t)rest};

        check_whole(bytes, 3);
    }
}
END_TEST

/* Bytes at the edges of every range in the table. */
static const uint8_t edges[] = {0x00, 0x41, 0x7F, 0x80, 0x8F, 0x90, 0x9F, 0xA0,
                                0xBF, 0xC0, 0xC2, 0xE0, 0xED, 0xF0, 0xF4, 0xFF};

/* Strings of up to four bytes with this lead byte, cut everywhere. */
START_TEST(test_strings_at_the_edges_wherever_they_are_cut)
{
    enum { EDGES = sizeof edges };

    for (unsigned rest = 0; rest < EDGES * EDGES * EDGES; rest++) {
        uint8_t bytes[4] = {(uint8_t)_i, edges[rest / (EDGES * EDGES)], edges[rest / EDGES % EDGES],
                            edges[rest % EDGES]};

        check_everywhere(bytes, rest % 2 == 0 ? 4 : 3);
    }
}
END_TEST

/* Texts in which vectors could go wrong: a piece at every offset of a long ASCII text. */
static const char *const pieces[] = {
    "\xC3\xA9",
    "\xE2\x82\xAC",
    "\xF0\x9D\x84\x9E",
    "\xC3",
    "\xE2\x82",
    "\xF0\x9D\x84",
    "\x80",
    "\xC0\x80",
    "\xED\xA0\x80",
    "\xE0\x9F\xBF",
    "\xF4\x90\x80\x80",
    "\xF0\x8F\xBF\xBF",
    "\xFF",
    "\xC3\xA9\xC3\xA9\xE2\x82\xAC",
    "\xE2\x82\xAC\x80",
};

static void check_long(const uint8_t *text, size_t length)
{
    enum verdict right = expected(text, length);

    for (const struct utf8_kernel *kernel = utf8_kernels; kernel->name != NULL; kernel++) {
        for (size_t cut = 0; kernel->supported() && cut <= length; cut += cut < 70 ? 1 : 13) {
            if (judge(kernel, text, length, cut) != right) {
                ck_abort_msg("%s: a text of %zu bytes, cut at %zu", kernel->name, length, cut);
            }
        }
    }
}

START_TEST(test_a_piece_is_judged_alike_at_every_offset)
{
    size_t piece_bytes = strlen(pieces[_i]);

    for (size_t offset = 0; offset + piece_bytes <= LONG_TEXT; offset++) {
        uint8_t text[LONG_TEXT];

        memset(text, 'a', sizeof text);
        memcpy(text + offset, pieces[_i], piece_bytes);
        check_long(text, sizeof text);
        check_long(text, offset + piece_bytes);
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
        check_long(text, length);
    }
}
END_TEST

START_TEST(test_no_kernel_reads_beyond_the_text)
{
    for (const struct utf8_kernel *kernel = utf8_kernels; kernel->name != NULL; kernel++) {
        for (size_t length = 1; kernel->supported() && length < LONG_TEXT; length++) {
            uint8_t *text = malloc(length); /* AddressSanitizer guards its end */
            struct utf8_state state = {0};

            memset(text, 0xC3, length);
            for (size_t i = 1; i < length; i += 2) {
                text[i] = 0xA9;
            }
            ck_assert(kernel->check(&state, text, length));
            ck_assert_int_eq(utf8_complete(&state), length % 2 == 0);
            free(text);
        }
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

    tcase_set_timeout(tests, 60);
    tcase_add_test(tests, test_all_strings_of_up_to_two_bytes);
    tcase_add_loop_test(tests, test_all_strings_of_three_bytes, 0xC0, 0x100);
    tcase_add_loop_test(tests, test_strings_at_the_edges_wherever_they_are_cut, 0xC0, 0x100);
    tcase_add_loop_test(tests, test_a_piece_is_judged_alike_at_every_offset, 0,
                        sizeof pieces / sizeof *pieces);
    tcase_add_loop_test(tests, test_long_texts_without_ascii, 0, 4);
    tcase_add_test(tests, test_no_kernel_reads_beyond_the_text);
    tcase_add_test(tests, test_valid_wants_complete_text);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

/*
 * The tables of UTF-8's errors.
 */
#include "protocol/utf8_pairs.h"

/* Errors of two neighbouring bytes, a set of bits. */
enum {
    MISSING_CONTINUATION = 1 << 0, /* a lead, and then no continuation */
    STRAY_CONTINUATION = 1 << 1,   /* ASCII, and then a continuation */
    OVERLONG_OF_2 = 1 << 2,        /* C0 or C1: would fit in one byte */
    OVERLONG_OF_3 = 1 << 3,        /* E0 80 to E0 9F: would fit in two */
    SURROGATE = 1 << 4,            /* ED A0 to ED BF */
    ABOVE_10FFFF = 1 << 5,         /* F4 90 and up to FF BF, second byte from 90 */
    FOUR_BYTES_THEN_8X = 1 << 6,   /* F0 80 to F0 8F are overlong, F5 80 to FF 8F too large */
    CONTINUATION_TWICE = UTF8_CONTINUATION_TWICE, /* an error only if no lead asks for it */
    ANY_LOWER_NIBBLE = MISSING_CONTINUATION | STRAY_CONTINUATION | CONTINUATION_TWICE,
    ANY_CONTINUATION = STRAY_CONTINUATION | OVERLONG_OF_2 | CONTINUATION_TWICE,
    FIVE_AND_UP = ANY_LOWER_NIBBLE | ABOVE_10FFFF | FOUR_BYTES_THEN_8X,
};

const uint8_t utf8_by_first_upper[16] = {
    [0x0 ... 0x7] = STRAY_CONTINUATION,
    [0x8 ... 0xB] = CONTINUATION_TWICE,
    [0xC] = MISSING_CONTINUATION | OVERLONG_OF_2,
    [0xD] = MISSING_CONTINUATION,
    [0xE] = MISSING_CONTINUATION | OVERLONG_OF_3 | SURROGATE,
    [0xF] = MISSING_CONTINUATION | ABOVE_10FFFF | FOUR_BYTES_THEN_8X,
};

const uint8_t utf8_by_first_lower[16] = {
    [0x0] = ANY_LOWER_NIBBLE | OVERLONG_OF_2 | OVERLONG_OF_3 | FOUR_BYTES_THEN_8X,
    [0x1] = ANY_LOWER_NIBBLE | OVERLONG_OF_2,
    [0x2 ... 0x3] = ANY_LOWER_NIBBLE,
    [0x4] = ANY_LOWER_NIBBLE | ABOVE_10FFFF,
    [0x5 ... 0xC] = FIVE_AND_UP,
    [0xD] = FIVE_AND_UP | SURROGATE,
    [0xE ... 0xF] = FIVE_AND_UP,
};

const uint8_t utf8_by_second_upper[16] = {
    [0x0 ... 0x7] = MISSING_CONTINUATION,
    [0x8] = ANY_CONTINUATION | OVERLONG_OF_3 | FOUR_BYTES_THEN_8X,
    [0x9] = ANY_CONTINUATION | OVERLONG_OF_3 | ABOVE_10FFFF,
    [0xA ... 0xB] = ANY_CONTINUATION | SURROGATE | ABOVE_10FFFF,
    [0xC ... 0xF] = MISSING_CONTINUATION,
};

const uint8_t utf8_largest_end[64] = {
    [0 ... 60] = 0xFF,
    [61] = 0xF0 - 1,
    [62] = 0xE0 - 1,
    [63] = 0xC0 - 1,
};

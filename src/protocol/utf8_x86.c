/*
 * UTF-8 with AVX2: 32 bytes at a time, whatever characters they hold, without a branch on them.
 *
 * The method is the one of J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction
 * Per Byte" (2021). Nearly every error shows in two neighbouring bytes, and in no more of them
 * than their upper three nibbles. Three tables, one for each of these nibbles, hold the set of
 * errors that the nibble allows; an error is there where all three agree. What two bytes cannot
 * show is that a third or fourth byte of a character is missing or too many; that is seen from
 * the leads two and three bytes back.
 */
#if defined(__x86_64__)

#include "protocol/kernels_x86.h"

#include <immintrin.h>
#include <string.h>

enum { VECTOR_BYTES = 32 };

/* Errors of two neighbouring bytes, a set of bits. */
enum {
    MISSING_CONTINUATION = 1 << 0, /* a lead, and then no continuation */
    STRAY_CONTINUATION = 1 << 1,   /* ASCII, and then a continuation */
    OVERLONG_OF_2 = 1 << 2,        /* C0 or C1: would fit in one byte */
    OVERLONG_OF_3 = 1 << 3,        /* E0 80 to E0 9F: would fit in two */
    SURROGATE = 1 << 4,            /* ED A0 to ED BF */
    ABOVE_10FFFF = 1 << 5,         /* F4 90 and up to FF BF, second byte from 90 */
    FOUR_BYTES_THEN_8X = 1 << 6,   /* F0 80 to F0 8F are overlong, F5 80 to FF 8F too large */
    CONTINUATION_TWICE = 1 << 7, /* an error only if no lead two or three bytes back asks for it */
    ANY_LOWER_NIBBLE = MISSING_CONTINUATION | STRAY_CONTINUATION | CONTINUATION_TWICE,
    ANY_CONTINUATION = STRAY_CONTINUATION | OVERLONG_OF_2 | CONTINUATION_TWICE,
    FIVE_AND_UP = ANY_LOWER_NIBBLE | ABOVE_10FFFF | FOUR_BYTES_THEN_8X,
};

/* What the upper nibble of the first of two bytes allows. */
static const uint8_t by_first_upper[16] = {
    [0x0 ... 0x7] = STRAY_CONTINUATION,
    [0x8 ... 0xB] = CONTINUATION_TWICE,
    [0xC] = MISSING_CONTINUATION | OVERLONG_OF_2,
    [0xD] = MISSING_CONTINUATION,
    [0xE] = MISSING_CONTINUATION | OVERLONG_OF_3 | SURROGATE,
    [0xF] = MISSING_CONTINUATION | ABOVE_10FFFF | FOUR_BYTES_THEN_8X,
};

/* What its lower nibble allows. */
static const uint8_t by_first_lower[16] = {
    [0x0] = ANY_LOWER_NIBBLE | OVERLONG_OF_2 | OVERLONG_OF_3 | FOUR_BYTES_THEN_8X,
    [0x1] = ANY_LOWER_NIBBLE | OVERLONG_OF_2,
    [0x2 ... 0x3] = ANY_LOWER_NIBBLE,
    [0x4] = ANY_LOWER_NIBBLE | ABOVE_10FFFF,
    [0x5 ... 0xC] = FIVE_AND_UP,
    [0xD] = FIVE_AND_UP | SURROGATE,
    [0xE ... 0xF] = FIVE_AND_UP,
};

/* What the upper nibble of the second byte allows. */
static const uint8_t by_second_upper[16] = {
    [0x0 ... 0x7] = MISSING_CONTINUATION,
    [0x8] = ANY_CONTINUATION | OVERLONG_OF_3 | FOUR_BYTES_THEN_8X,
    [0x9] = ANY_CONTINUATION | OVERLONG_OF_3 | ABOVE_10FFFF,
    [0xA ... 0xB] = ANY_CONTINUATION | SURROGATE | ABOVE_10FFFF,
    [0xC ... 0xF] = MISSING_CONTINUATION,
};

/* The largest last bytes of a vector after which a new character may begin. */
static const uint8_t largest_complete_end[VECTOR_BYTES] = {
    [0 ... 28] = 0xFF,
    [29] = 0xF0 - 1,
    [30] = 0xE0 - 1,
    [31] = 0xC0 - 1,
};

struct scan {
    __m256i previous; /* the vector before; zero, which is ASCII, at the start */
    __m256i errors;   /* not zero from the first error on */
};

TARGET_AVX2 static inline __m256i load(const uint8_t *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

TARGET_AVX2 static inline __m256i look_up(const uint8_t table[16], __m256i nibbles)
{
    __m128i row = _mm_loadu_si128((const __m128i *)(const void *)table);

    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), nibbles);
}

TARGET_AVX2 static inline __m256i upper_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

/* Takes in a vector of any bytes. */
TARGET_AVX2 static inline void scan_vector(struct scan *scan, __m256i bytes)
{
    /* The upper half of the vector before beside the lower half of this one. */
    __m256i middle = _mm256_permute2x128_si256(scan->previous, bytes, 0x21);
    __m256i one_back = _mm256_alignr_epi8(bytes, middle, 15);
    __m256i two_back = _mm256_alignr_epi8(bytes, middle, 14);
    __m256i three_back = _mm256_alignr_epi8(bytes, middle, 13);

    __m256i first_lower = _mm256_and_si256(one_back, _mm256_set1_epi8(0x0F));
    __m256i pair_errors =
        _mm256_and_si256(_mm256_and_si256(look_up(by_first_upper, upper_nibbles(one_back)),
                                          look_up(by_first_lower, first_lower)),
                         look_up(by_second_upper, upper_nibbles(bytes)));

    /* The top bit remains where the byte two back is E0 or more, or the one three back F0. */
    __m256i third = _mm256_subs_epu8(two_back, _mm256_set1_epi8(0xE0 - 0x80));
    __m256i fourth = _mm256_subs_epu8(three_back, _mm256_set1_epi8(0xF0 - 0x80));
    __m256i asked_for =
        _mm256_and_si256(_mm256_or_si256(third, fourth), _mm256_set1_epi8((char)0x80));

    /* CONTINUATION_TWICE is that same bit: it must be there where it is asked for, else not. */
    scan->errors = _mm256_or_si256(scan->errors, _mm256_xor_si256(pair_errors, asked_for));
    scan->previous = bytes;
}

/* Takes in a vector that is known to be ASCII: a character must not be open before it. */
TARGET_AVX2 static inline void scan_ascii(struct scan *scan, __m256i bytes)
{
    __m256i open = _mm256_subs_epu8(scan->previous, load(largest_complete_end));

    scan->errors = _mm256_or_si256(scan->errors, open);
    scan->previous = bytes;
}

/* Whether bytes that end with a character's last byte are valid. */
TARGET_AVX2 static bool valid_characters(const uint8_t *bytes, size_t length)
{
    struct scan scan = {_mm256_setzero_si256(), _mm256_setzero_si256()};
    uint8_t rest[VECTOR_BYTES] = {0};

    for (; length >= 2 * VECTOR_BYTES; length -= 2 * VECTOR_BYTES) {
        __m256i first = load(bytes);
        __m256i second = load(bytes + VECTOR_BYTES);

        if (_mm256_movemask_epi8(_mm256_or_si256(first, second)) == 0) {
            scan_ascii(&scan, first);
            scan.previous = second;
        } else {
            scan_vector(&scan, first);
            scan_vector(&scan, second);
        }
        bytes += 2 * VECTOR_BYTES;
    }
    if (length >= VECTOR_BYTES) {
        scan_vector(&scan, load(bytes));
        bytes += VECTOR_BYTES;
        length -= VECTOR_BYTES;
    }
    memcpy(rest, bytes, length);
    scan_vector(&scan, load(rest));
    return _mm256_testz_si256(scan.errors, scan.errors);
}

/* The length without the character that the end cuts, if it cuts one. */
static size_t whole_characters(const uint8_t *bytes, size_t length)
{
    for (size_t back = 1; back <= 3 && back <= length; back++) {
        uint8_t byte = bytes[length - back];

        if (byte >= 0xC0) {
            size_t wanted = byte >= 0xF0 ? 4 : byte >= 0xE0 ? 3 : 2;

            return wanted > back ? length - back : length;
        }
        if (byte < 0x80) {
            break;
        }
    }
    return length;
}

bool utf8_check_avx2(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    size_t whole;

    for (; !utf8_complete(state) && length > 0; length--) {
        if (!utf8_step(state, *bytes++)) {
            return false;
        }
    }
    if (length < VECTOR_BYTES / 2) {
        return utf8_check_portable(state, bytes, length);
    }
    whole = whole_characters(bytes, length);
    return valid_characters(bytes, whole) &&
           utf8_check_portable(state, bytes + whole, length - whole);
}

#endif

/*
 * Payloads with AVX2: 32 bytes at a time. Text is checked as utf8_pairs.h says.
 */
#if defined(__x86_64__)

#include "protocol/payload_kernels.h"
#include "protocol/utf8_pairs.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx2")))

enum {
    VECTOR_BYTES = 32,
    BLOCK_BYTES = 2 * VECTOR_BYTES,
};

static bool avx2_supported(void)
{
    return __builtin_cpu_supports("avx2");
}

TARGET static inline __m256i load(const uint8_t *bytes)
{
    return _mm256_loadu_si256((const __m256i *)(const void *)bytes);
}

TARGET static inline __m256i unmask_vector(uint8_t *target, const uint8_t *source, __m256i keys)
{
    __m256i bytes = _mm256_xor_si256(load(source), keys);

    _mm256_storeu_si256((__m256i *)(void *)target, bytes);
    return bytes;
}

/* Unmasks less than VECTOR_BYTES bytes. */
TARGET static inline void unmask_rest(uint8_t *target, const uint8_t *source, size_t length,
                                      uint32_t key)
{
    if ((length & 16) != 0) {
        __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)source);

        bytes = _mm_xor_si128(bytes, _mm_set1_epi32((int)key));
        _mm_storeu_si128((__m128i *)(void *)target, bytes);
        source += 16;
        target += 16;
    }
    payload_unmask_tail(target, source, length & 15, key);
}

TARGET static void unmask_avx2(uint8_t *target, const uint8_t *source, size_t length,
                               const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);
    __m256i keys = _mm256_set1_epi32((int)key_word);
    size_t offset = 0;

    for (; length - offset >= BLOCK_BYTES; offset += BLOCK_BYTES) {
        unmask_vector(target + offset, source + offset, keys);
        unmask_vector(target + offset + VECTOR_BYTES, source + offset + VECTOR_BYTES, keys);
    }
    if (length - offset >= VECTOR_BYTES) {
        unmask_vector(target + offset, source + offset, keys);
        offset += VECTOR_BYTES;
    }
    unmask_rest(target + offset, source + offset, length - offset, key_word);
}

TARGET static inline __m256i look_up(const uint8_t table[16], __m256i nibbles)
{
    __m128i row = _mm_loadu_si128((const __m128i *)(const void *)table);

    return _mm256_shuffle_epi8(_mm256_broadcastsi128_si256(row), nibbles);
}

TARGET static inline __m256i upper_nibbles(__m256i bytes)
{
    return _mm256_and_si256(_mm256_srli_epi16(bytes, 4), _mm256_set1_epi8(0x0F));
}

/* Adds the errors of a vector of any bytes, each at the byte where it shows. */
TARGET static inline __m256i add_errors(__m256i errors, __m256i previous, __m256i bytes)
{
    /* The upper half of the vector before beside the lower half of this one. */
    __m256i middle = _mm256_permute2x128_si256(previous, bytes, 0x21);
    __m256i one_back = _mm256_alignr_epi8(bytes, middle, 15);
    __m256i two_back = _mm256_alignr_epi8(bytes, middle, 14);
    __m256i three_back = _mm256_alignr_epi8(bytes, middle, 13);

    __m256i first_lower = _mm256_and_si256(one_back, _mm256_set1_epi8(0x0F));
    __m256i pair_errors =
        _mm256_and_si256(_mm256_and_si256(look_up(utf8_by_first_upper, upper_nibbles(one_back)),
                                          look_up(utf8_by_first_lower, first_lower)),
                         look_up(utf8_by_second_upper, upper_nibbles(bytes)));

    __m256i third = _mm256_subs_epu8(two_back, _mm256_set1_epi8(UTF8_BELOW_LEAD_OF_3));
    __m256i fourth = _mm256_subs_epu8(three_back, _mm256_set1_epi8(UTF8_BELOW_LEAD_OF_4));
    __m256i asked_for = _mm256_and_si256(_mm256_or_si256(third, fourth),
                                         _mm256_set1_epi8((char)UTF8_CONTINUATION_TWICE));

    return _mm256_or_si256(errors, _mm256_xor_si256(pair_errors, asked_for));
}

/* The same of a block. For ASCII it is enough that no character is open before it. */
TARGET static inline __m256i add_likely_ascii(__m256i errors, __m256i previous, __m256i first,
                                              __m256i second)
{
    const uint8_t *largest_end = utf8_largest_end + sizeof utf8_largest_end - VECTOR_BYTES;

    if (_mm256_movemask_epi8(_mm256_or_si256(first, second)) != 0) {
        return add_errors(add_errors(errors, previous, first), first, second);
    }
    return _mm256_or_si256(errors, _mm256_subs_epu8(previous, load(largest_end)));
}

/* A vector that ends where the state is. */
TARGET static inline __m256i vector_before(const struct utf8_state *state)
{
    __m128i lead = _mm_slli_si128(_mm_cvtsi32_si128(state->lead), 15);

    return _mm256_inserti128_si256(_mm256_setzero_si256(), lead, 1);
}

/* A mask of so many bytes. */
TARGET static inline __m256i first_bytes(size_t length)
{
    static const uint8_t first[2 * VECTOR_BYTES] = {[0 ... VECTOR_BYTES - 1] = 0xFF};

    return load(first + VECTOR_BYTES - length);
}

/*
 * Loads less than VECTOR_BYTES bytes; what is behind them is undefined. Not by way of the stack:
 * to load there as one what was stored in pieces takes 8 ns, and half of a short text's time.
 */
TARGET static inline __m256i load_rest(const uint8_t *source, size_t length)
{
    size_t in_words = length / 4 * 4;
    __m256i mask = first_bytes(in_words);
    __m256i words = _mm256_maskload_epi32((const int *)(const void *)source, mask);
    uint32_t last = 0;

    for (size_t i = in_words; i < length; i++) {
        last |= (uint32_t)source[i] << 8 * (i - in_words);
    }
    return _mm256_or_si256(words, _mm256_andnot_si256(mask, _mm256_set1_epi32((int)last)));
}

/* The errors of less than VECTOR_BYTES bytes and ASCII behind them, as bits. */
TARGET static inline uint32_t errors_of_rest(__m256i previous, __m256i bytes, size_t length)
{
    __m256i rest = _mm256_and_si256(bytes, first_bytes(length));
    __m256i errors = add_errors(_mm256_setzero_si256(), previous, rest);
    __m256i right = _mm256_cmpeq_epi8(errors, _mm256_setzero_si256());

    return ~(uint32_t)_mm256_movemask_epi8(right);
}

TARGET static bool unmask_text_avx2(struct utf8_state *state, uint8_t *target,
                                    const uint8_t *source, size_t length, const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);
    __m256i keys = _mm256_set1_epi32((int)key_word);
    __m256i errors = _mm256_setzero_si256();
    __m256i previous = vector_before(state);
    size_t offset = 0;
    size_t rest;
    uint32_t last_errors;

    for (; length - offset >= BLOCK_BYTES; offset += BLOCK_BYTES) {
        __m256i first = unmask_vector(target + offset, source + offset, keys);
        __m256i second =
            unmask_vector(target + offset + VECTOR_BYTES, source + offset + VECTOR_BYTES, keys);

        errors = add_likely_ascii(errors, previous, first, second);
        previous = second;
    }
    if (length - offset >= VECTOR_BYTES) {
        __m256i bytes = unmask_vector(target + offset, source + offset, keys);

        errors = add_errors(errors, previous, bytes);
        previous = bytes;
        offset += VECTOR_BYTES;
    }
    rest = length - offset;
    last_errors =
        errors_of_rest(previous, _mm256_xor_si256(load_rest(source + offset, rest), keys), rest);
    unmask_rest(target + offset, source + offset, rest, key_word);
    return _mm256_testz_si256(errors, errors) &&
           payload_end_text(state, target, length, last_errors, rest);
}

const struct payload_kernel payload_avx2 = {
    "avx2",
    avx2_supported,
    unmask_avx2,
    unmask_text_avx2,
};

#endif

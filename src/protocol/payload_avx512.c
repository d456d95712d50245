/*
 * Payloads with AVX-512: 64 bytes at a time, the last of them with a mask, so that no length needs
 * other instructions than these. Text is checked as utf8_pairs.h says.
 *
 * Measured on a Sapphire Rapids, the time that AVX2 takes and this, in ns:
 *
 *                     20 bytes    125 bytes    1 KiB        64 KiB
 *     binary          4.6  1.9     5.9  3.0     19   13     1840  1750
 *     ASCII           9.7  5.9      17  8.1     33   23     2400  2070
 *     other text      9.7  5.9      23   15    103   60     6200  3550
 */
#if defined(__x86_64__)

#include "protocol/payload_kernels.h"
#include "protocol/utf8_pairs.h"

#include <immintrin.h>

#define TARGET __attribute__((target("avx512bw,avx512vbmi,bmi2")))

enum { VECTOR_BYTES = 64 };

/* VBMI came after the CPUs that run at a lower clock for vectors of this size. */
static bool avx512_supported(void)
{
    return __builtin_cpu_supports("avx512bw") && __builtin_cpu_supports("avx512vbmi") &&
           __builtin_cpu_supports("bmi2");
}

TARGET static inline __m512i repeat_key(const uint8_t key[4])
{
    return _mm512_set1_epi32((int)payload_key_word(key));
}

TARGET static inline __m512i unmask_vector(uint8_t *target, const uint8_t *source, __m512i keys)
{
    __m512i bytes = _mm512_xor_si512(_mm512_loadu_si512(source), keys);

    _mm512_storeu_si512(target, bytes);
    return bytes;
}

/* Unmasks up to VECTOR_BYTES bytes. Returns them with zeros behind. */
TARGET static inline __m512i unmask_rest(uint8_t *target, const uint8_t *source, size_t length,
                                         __m512i keys)
{
    __mmask64 first = _cvtu64_mask64(_bzhi_u64(UINT64_MAX, (unsigned)length));
    __m512i masked = _mm512_maskz_loadu_epi8(first, source);
    __m512i bytes = _mm512_xor_si512(masked, _mm512_maskz_mov_epi8(first, keys));

    _mm512_mask_storeu_epi8(target, first, bytes);
    return bytes;
}

TARGET static void unmask_avx512(uint8_t *target, const uint8_t *source, size_t length,
                                 const uint8_t key[4])
{
    __m512i keys = repeat_key(key);
    size_t offset = 0;

    for (; length - offset > VECTOR_BYTES; offset += VECTOR_BYTES) {
        unmask_vector(target + offset, source + offset, keys);
    }
    unmask_rest(target + offset, source + offset, length - offset, keys);
}

/*
 * Of the indexes only the lowest six bits count, and the table is there four times, so only the
 * lowest four: unlike with AVX2, nothing has to be taken out of them before. With the functions of
 * three bits below, that is a fifth of the time of text that is not ASCII.
 */
TARGET static inline __m512i look_up(const uint8_t table[16], __m512i nibbles)
{
    __m128i row = _mm_loadu_si128((const __m128i *)(const void *)table);

    return _mm512_permutexvar_epi8(nibbles, _mm512_broadcast_i32x4(row));
}

/* A function of three bits is told to its instruction as what it makes of these. */
enum { A = 0xF0, B = 0xCC, C = 0xAA };

/* Adds the errors of a vector of any bytes, each at the byte where it shows. */
TARGET static inline __m512i add_errors(__m512i errors, __m512i previous, __m512i bytes)
{
    /* The last quarter of the vector before, in front of the first three of this one. */
    __m512i middle = _mm512_alignr_epi64(bytes, previous, 6);
    __m512i one_back = _mm512_alignr_epi8(bytes, middle, 15);
    __m512i two_back = _mm512_alignr_epi8(bytes, middle, 14);
    __m512i three_back = _mm512_alignr_epi8(bytes, middle, 13);

    __m512i pair_errors = _mm512_ternarylogic_epi64(
        look_up(utf8_by_first_upper, _mm512_srli_epi16(one_back, 4)),
        look_up(utf8_by_first_lower, one_back),
        look_up(utf8_by_second_upper, _mm512_srli_epi16(bytes, 4)), A & B & C);

    __m512i third = _mm512_subs_epu8(two_back, _mm512_set1_epi8(UTF8_BELOW_LEAD_OF_3));
    __m512i fourth = _mm512_subs_epu8(three_back, _mm512_set1_epi8(UTF8_BELOW_LEAD_OF_4));
    __m512i asked_for = _mm512_ternarylogic_epi64(
        third, fourth, _mm512_set1_epi8((char)UTF8_CONTINUATION_TWICE), (A | B) & C);

    return _mm512_ternarylogic_epi64(errors, pair_errors, asked_for, A | (B ^ C));
}

/* The same. For ASCII it is enough that no character is open before it. */
TARGET static inline __m512i add_likely_ascii(__m512i errors, __m512i previous, __m512i bytes)
{
    if (_mm512_movepi8_mask(bytes) != 0) {
        return add_errors(errors, previous, bytes);
    }
    return _mm512_or_si512(errors,
                           _mm512_subs_epu8(previous, _mm512_loadu_si512(utf8_largest_end)));
}

/* A vector that ends where the state is. */
TARGET static inline __m512i vector_before(const struct utf8_state *state)
{
    __mmask64 last = _cvtu64_mask64(UINT64_C(1) << (VECTOR_BYTES - 1));

    return _mm512_maskz_set1_epi8(last, (char)state->lead);
}

TARGET static bool unmask_text_avx512(struct utf8_state *state, uint8_t *target,
                                      const uint8_t *source, size_t length, const uint8_t key[4])
{
    __m512i keys = repeat_key(key);
    __m512i errors = _mm512_setzero_si512();
    __m512i previous = vector_before(state);
    __m512i bytes;
    __m512i last_errors;
    size_t offset = 0;

    for (; length - offset >= VECTOR_BYTES; offset += VECTOR_BYTES) {
        bytes = unmask_vector(target + offset, source + offset, keys);
        errors = add_likely_ascii(errors, previous, bytes);
        previous = bytes;
    }
    bytes = unmask_rest(target + offset, source + offset, length - offset, keys);
    last_errors = add_errors(_mm512_setzero_si512(), previous, bytes);
    return _mm512_test_epi64_mask(errors, errors) == 0 &&
           payload_end_text(state, target, length,
                            _cvtmask64_u64(_mm512_test_epi8_mask(last_errors, last_errors)),
                            length - offset);
}

const struct payload_kernel payload_avx512 = {
    "avx512",
    avx512_supported,
    unmask_avx512,
    unmask_text_avx512,
};

#endif

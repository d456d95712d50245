/*
 * Payloads with SSE2, which every x86-64 has: sixteen bytes at a time, and text that is not ASCII
 * as on any CPU, because what looks up bytes in tables (pshufb) came only with SSSE3.
 */
#if defined(__x86_64__)

#include "protocol/payload_kernels.h"

#include <immintrin.h>

enum {
    VECTOR_BYTES = 16,
    BLOCK_BYTES = 4 * VECTOR_BYTES,
};

static bool sse2_supported(void)
{
    return true;
}

static inline __m128i unmask_vector(uint8_t *target, const uint8_t *source, __m128i keys)
{
    __m128i masked = _mm_loadu_si128((const __m128i *)(const void *)source);
    __m128i bytes = _mm_xor_si128(masked, keys);

    _mm_storeu_si128((__m128i *)(void *)target, bytes);
    return bytes;
}

/* Returns whether all of it is ASCII. */
static inline bool unmask_block(uint8_t *target, const uint8_t *source, __m128i keys)
{
    __m128i seen = unmask_vector(target, source, keys);

    for (size_t at = VECTOR_BYTES; at < BLOCK_BYTES; at += VECTOR_BYTES) {
        seen = _mm_or_si128(seen, unmask_vector(target + at, source + at, keys));
    }
    return _mm_movemask_epi8(seen) == 0;
}

static void unmask(uint8_t *target, const uint8_t *source, size_t length, uint32_t key)
{
    __m128i keys = _mm_set1_epi32((int)key);
    size_t offset = 0;

    for (; length - offset >= VECTOR_BYTES; offset += VECTOR_BYTES) {
        unmask_vector(target + offset, source + offset, keys);
    }
    payload_unmask_tail(target + offset, source + offset, length - offset, key);
}

static void unmask_sse2(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4])
{
    unmask(target, source, length, payload_key_word(key));
}

static bool unmask_text_sse2(struct utf8_state *state, uint8_t *target, const uint8_t *source,
                             size_t length, const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);
    __m128i keys = _mm_set1_epi32((int)key_word);

    for (; length >= BLOCK_BYTES; length -= BLOCK_BYTES) {
        bool is_ascii = unmask_block(target, source, keys);

        if (!(is_ascii && utf8_complete(state)) && !utf8_check(state, target, BLOCK_BYTES)) {
            return false;
        }
        target += BLOCK_BYTES;
        source += BLOCK_BYTES;
    }
    unmask(target, source, length, key_word);
    return utf8_check(state, target, length);
}

const struct payload_kernel payload_sse2 = {
    "sse2",
    sse2_supported,
    unmask_sse2,
    unmask_text_sse2,
};

#endif

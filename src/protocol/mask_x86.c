/*
 * Masking with the vectors of x86-64.
 *
 * Every step but the last takes a multiple of four bytes, so each begins with the key's first
 * byte. Source and target may be the same bytes, so no step may take a byte again.
 */
#if defined(__x86_64__)

#include "protocol/kernels_x86.h"

#include <immintrin.h>
#include <string.h>

static inline uint32_t key_word(const uint8_t key[4])
{
    uint32_t word;

    memcpy(&word, key, sizeof word);
    return word;
}

/* The last 0 to 15 bytes. */
static inline void unmask_tail(uint8_t *target, const uint8_t *source, size_t length, uint32_t key)
{
    if ((length & 8) != 0) {
        uint64_t word;

        memcpy(&word, source, sizeof word);
        word ^= (uint64_t)key << 32 | key;
        memcpy(target, &word, sizeof word);
        source += sizeof word;
        target += sizeof word;
    }
    if ((length & 4) != 0) {
        uint32_t word;

        memcpy(&word, source, sizeof word);
        word ^= key;
        memcpy(target, &word, sizeof word);
        source += sizeof word;
        target += sizeof word;
    }
    for (size_t i = 0; i < (length & 3); i++) {
        target[i] = source[i] ^ (uint8_t)(key >> 8 * i);
    }
}

static inline void unmask_16_bytes(uint8_t *target, const uint8_t *source, __m128i keys)
{
    __m128i bytes = _mm_loadu_si128((const __m128i *)(const void *)source);

    _mm_storeu_si128((__m128i *)(void *)target, _mm_xor_si128(bytes, keys));
}

void mask_unmask_sse2(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4])
{
    uint32_t word = key_word(key);
    __m128i keys = _mm_set1_epi32((int)word);
    size_t offset = 0;

    for (; length - offset >= 16; offset += 16) {
        unmask_16_bytes(target + offset, source + offset, keys);
    }
    unmask_tail(target + offset, source + offset, length - offset, word);
}

TARGET_AVX2 static inline void unmask_32_bytes(uint8_t *target, const uint8_t *source, __m256i keys)
{
    __m256i bytes = _mm256_loadu_si256((const __m256i *)(const void *)source);

    _mm256_storeu_si256((__m256i *)(void *)target, _mm256_xor_si256(bytes, keys));
}

TARGET_AVX2 void mask_unmask_avx2(uint8_t *target, const uint8_t *source, size_t length,
                                  const uint8_t key[4])
{
    uint32_t word = key_word(key);
    __m256i keys = _mm256_set1_epi32((int)word);
    size_t offset = 0;

    for (; length - offset >= 64; offset += 64) {
        unmask_32_bytes(target + offset, source + offset, keys);
        unmask_32_bytes(target + offset + 32, source + offset + 32, keys);
    }
    if (length - offset >= 32) {
        unmask_32_bytes(target + offset, source + offset, keys);
        offset += 32;
    }
    if (length - offset >= 16) {
        unmask_16_bytes(target + offset, source + offset, _mm256_castsi256_si128(keys));
        offset += 16;
    }
    unmask_tail(target + offset, source + offset, length - offset, word);
}

#endif

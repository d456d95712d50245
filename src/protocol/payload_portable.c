/*
 * Payloads on any CPU: sixteen bytes at a time.
 */
#include "protocol/payload_kernels.h"

enum { TEXT_BLOCK_BYTES = 4096 }; /* checked while they are in the first-level cache */

static bool portable_supported(void)
{
    return true;
}

static void unmask(uint8_t *target, const uint8_t *source, size_t length, uint32_t key)
{
    uint64_t key_twice = (uint64_t)key << 32 | key;
    size_t offset = 0;

    for (; length - offset >= 16; offset += 16) {
        uint64_t words[2];

        memcpy(words, source + offset, sizeof words);
        words[0] ^= key_twice;
        words[1] ^= key_twice;
        memcpy(target + offset, words, sizeof words);
    }
    payload_unmask_tail(target + offset, source + offset, length - offset, key);
}

static void unmask_portable(uint8_t *target, const uint8_t *source, size_t length,
                            const uint8_t key[4])
{
    unmask(target, source, length, payload_key_word(key));
}

static bool unmask_text_portable(struct utf8_state *state, uint8_t *target, const uint8_t *source,
                                 size_t length, const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);

    for (; length > TEXT_BLOCK_BYTES; length -= TEXT_BLOCK_BYTES) {
        unmask(target, source, TEXT_BLOCK_BYTES, key_word);
        if (!utf8_check(state, target, TEXT_BLOCK_BYTES)) {
            return false;
        }
        target += TEXT_BLOCK_BYTES;
        source += TEXT_BLOCK_BYTES;
    }
    unmask(target, source, length, key_word);
    return utf8_check(state, target, length);
}

const struct payload_kernel payload_portable = {
    "portable",
    portable_supported,
    unmask_portable,
    unmask_text_portable,
};

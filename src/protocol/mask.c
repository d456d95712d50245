/*
 * Masking on any CPU, eight bytes at a time.
 */
#include "protocol/kernels.h"

#include <string.h>

void mask_unmask_portable(uint8_t *target, const uint8_t *source, size_t length,
                          const uint8_t key[4])
{
    uint8_t key_twice[8];
    uint64_t key_word;
    uint64_t word;
    size_t offset = 0;

    memcpy(key_twice, key, 4);
    memcpy(key_twice + 4, key, 4);
    memcpy(&key_word, key_twice, sizeof key_word);
    for (; length - offset >= sizeof word; offset += sizeof word) {
        memcpy(&word, source + offset, sizeof word);
        word ^= key_word;
        memcpy(target + offset, &word, sizeof word);
    }
    for (; offset < length; offset++) {
        target[offset] = source[offset] ^ key[offset % 4];
    }
}

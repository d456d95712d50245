/*
 * What the kernels share. Everybody else includes payload.h.
 */
#ifndef WSRELAYD_PROTOCOL_PAYLOAD_KERNELS_H
#define WSRELAYD_PROTOCOL_PAYLOAD_KERNELS_H

#include "protocol/payload.h"

#include <string.h>

/* The kernels that this build has for its CPUs, best last, and NULL. */
extern const struct payload_kernel *const payload_kernels[];

extern const struct payload_kernel payload_portable;
extern const struct payload_kernel payload_sse2;
extern const struct payload_kernel payload_avx2;
extern const struct payload_kernel payload_avx512;
extern const struct payload_kernel payload_neon;

/* The key in a register, as it lies in memory. */
static inline uint32_t payload_key_word(const uint8_t key[4])
{
    uint32_t word;

    memcpy(&word, key, sizeof word);
    return word;
}

/* Unmasks 0 to 15 bytes. */
static inline void payload_unmask_tail(uint8_t *target, const uint8_t *source, size_t length,
                                       uint32_t key)
{
    uint8_t key_bytes[4];

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
    memcpy(key_bytes, &key, sizeof key);
    for (size_t i = 0; i < (length & 3); i++) {
        target[i] = source[i] ^ key_bytes[i];
    }
}

/*
 * Ends the check of a text's pairs. `errors` has bits for its last bytes, taken for the beginning
 * of a text that goes on with ASCII: an error at `end`, behind the last byte, says that they cut a
 * character; those before it are errors indeed.
 */
static inline bool payload_end_text(struct utf8_state *state, const uint8_t *target, size_t length,
                                    uint64_t errors, size_t end)
{
    if ((errors & ((UINT64_C(1) << end) - 1)) != 0) {
        return false;
    }
    if ((errors >> end & 1) != 0) {
        return utf8_check_end(state, target, length);
    }
    state->lead = 0;
    return true;
}

#endif

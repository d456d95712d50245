/*
 * Payloads with NEON, which every 64-bit ARM has: sixteen bytes at a time. Text is checked as
 * utf8_pairs.h says.
 */
#if defined(__AARCH64EL__)

#include "protocol/payload_kernels.h"
#include "protocol/utf8_pairs.h"

#include <arm_neon.h>

enum {
    VECTOR_BYTES = 16,
    BLOCK_BYTES = 2 * VECTOR_BYTES,
};

static bool neon_supported(void)
{
    return true;
}

static inline uint8x16_t repeat_key(uint32_t key)
{
    return vreinterpretq_u8_u32(vdupq_n_u32(key));
}

static inline uint8x16_t unmask_vector(uint8_t *target, const uint8_t *source, uint8x16_t keys)
{
    uint8x16_t bytes = veorq_u8(vld1q_u8(source), keys);

    vst1q_u8(target, bytes);
    return bytes;
}

static void unmask_neon(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);
    uint8x16_t keys = repeat_key(key_word);
    size_t offset = 0;

    for (; length - offset >= VECTOR_BYTES; offset += VECTOR_BYTES) {
        unmask_vector(target + offset, source + offset, keys);
    }
    payload_unmask_tail(target + offset, source + offset, length - offset, key_word);
}

static inline uint8x16_t look_up(const uint8_t table[16], uint8x16_t nibbles)
{
    return vqtbl1q_u8(vld1q_u8(table), nibbles);
}

/* Adds the errors of a vector of any bytes, each at the byte where it shows. */
static inline uint8x16_t add_errors(uint8x16_t errors, uint8x16_t previous, uint8x16_t bytes)
{
    uint8x16_t one_back = vextq_u8(previous, bytes, VECTOR_BYTES - 1);
    uint8x16_t two_back = vextq_u8(previous, bytes, VECTOR_BYTES - 2);
    uint8x16_t three_back = vextq_u8(previous, bytes, VECTOR_BYTES - 3);

    uint8x16_t first_lower = vandq_u8(one_back, vdupq_n_u8(0x0F));
    uint8x16_t pair_errors =
        vandq_u8(vandq_u8(look_up(utf8_by_first_upper, vshrq_n_u8(one_back, 4)),
                          look_up(utf8_by_first_lower, first_lower)),
                 look_up(utf8_by_second_upper, vshrq_n_u8(bytes, 4)));

    uint8x16_t third = vqsubq_u8(two_back, vdupq_n_u8(UTF8_BELOW_LEAD_OF_3));
    uint8x16_t fourth = vqsubq_u8(three_back, vdupq_n_u8(UTF8_BELOW_LEAD_OF_4));
    uint8x16_t asked_for = vandq_u8(vorrq_u8(third, fourth), vdupq_n_u8(UTF8_CONTINUATION_TWICE));

    return vorrq_u8(errors, veorq_u8(pair_errors, asked_for));
}

/* The same of a block. For ASCII it is enough that no character is open before it. */
static inline uint8x16_t add_likely_ascii(uint8x16_t errors, uint8x16_t previous, uint8x16_t first,
                                          uint8x16_t second)
{
    const uint8_t *largest_end = utf8_largest_end + sizeof utf8_largest_end - VECTOR_BYTES;

    if (vmaxvq_u8(vorrq_u8(first, second)) >= 0x80) {
        return add_errors(add_errors(errors, previous, first), first, second);
    }
    return vorrq_u8(errors, vqsubq_u8(previous, vld1q_u8(largest_end)));
}

/* The errors of less than VECTOR_BYTES bytes and ASCII behind them, as four bits for each byte. */
static inline uint64_t errors_of_rest(uint8x16_t previous, const uint8_t *source, size_t length,
                                      uint32_t key)
{
    uint8_t rest[VECTOR_BYTES] = {0};
    uint8x16_t errors;

    payload_unmask_tail(rest, source, length, key);
    errors = add_errors(vdupq_n_u8(0), previous, vld1q_u8(rest));
    errors = vtstq_u8(errors, errors);
    return vget_lane_u64(vreinterpret_u64_u8(vshrn_n_u16(vreinterpretq_u16_u8(errors), 4)), 0);
}

static bool unmask_text_neon(struct utf8_state *state, uint8_t *target, const uint8_t *source,
                             size_t length, const uint8_t key[4])
{
    uint32_t key_word = payload_key_word(key);
    uint8x16_t keys = repeat_key(key_word);
    uint8x16_t errors = vdupq_n_u8(0);
    uint8x16_t previous = vsetq_lane_u8(state->lead, vdupq_n_u8(0), VECTOR_BYTES - 1);
    size_t offset = 0;
    uint64_t last_errors;

    for (; length - offset >= BLOCK_BYTES; offset += BLOCK_BYTES) {
        uint8x16_t first = unmask_vector(target + offset, source + offset, keys);
        uint8x16_t second =
            unmask_vector(target + offset + VECTOR_BYTES, source + offset + VECTOR_BYTES, keys);

        errors = add_likely_ascii(errors, previous, first, second);
        previous = second;
    }
    if (length - offset >= VECTOR_BYTES) {
        uint8x16_t bytes = unmask_vector(target + offset, source + offset, keys);

        errors = add_errors(errors, previous, bytes);
        previous = bytes;
        offset += VECTOR_BYTES;
    }
    last_errors = errors_of_rest(previous, source + offset, length - offset, key_word);
    payload_unmask_tail(target + offset, source + offset, length - offset, key_word);
    return vmaxvq_u8(errors) == 0 &&
           payload_end_text(state, target, length, last_errors, 4 * (length - offset));
}

const struct payload_kernel payload_neon = {
    "neon",
    neon_supported,
    unmask_neon,
    unmask_text_neon,
};

#endif

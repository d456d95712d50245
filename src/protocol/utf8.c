/*
 * UTF-8 on any CPU: sixteen ASCII bytes at a time, other bytes one by one.
 */
#include "protocol/utf8.h"

#include <string.h>

enum {
    CONTINUATION_FIRST = 0x80,
    CONTINUATION_LAST = 0xBF,
    ONE_MORE = 0xC2, /* a lead that asks for one continuation of any value */
    TWO_MORE = 0xE1, /* for two of them */
    LONGEST_CHARACTER = 4,
    BLOCK_BYTES = 16,
};

/*
 * RFC 3629 section 4. For each lead byte: the range of the byte behind it, and the lead that asks
 * for what comes behind that one. A lead byte says how many continuation bytes follow, and four
 * leads narrow the first of them, which keeps out overlong forms, surrogates and what lies above
 * U+10FFFF. Bytes with rows of zeros lead nothing.
 */
static const struct {
    uint8_t first;
    uint8_t last;
    uint8_t next;
} behind_lead[256] = {
    [0xC2 ... 0xDF] = {CONTINUATION_FIRST, CONTINUATION_LAST, 0},
    [0xE0] = {0xA0, CONTINUATION_LAST, ONE_MORE},
    [0xE1 ... 0xEC] = {CONTINUATION_FIRST, CONTINUATION_LAST, ONE_MORE},
    [0xED] = {CONTINUATION_FIRST, 0x9F, ONE_MORE},
    [0xEE ... 0xEF] = {CONTINUATION_FIRST, CONTINUATION_LAST, ONE_MORE},
    [0xF0] = {0x90, CONTINUATION_LAST, TWO_MORE},
    [0xF1 ... 0xF3] = {CONTINUATION_FIRST, CONTINUATION_LAST, TWO_MORE},
    [0xF4] = {CONTINUATION_FIRST, 0x8F, TWO_MORE},
};

/* Takes one byte; `lead` is as in struct utf8_state. False when the byte cannot stand there. */
static inline bool step(uint8_t *lead, uint8_t byte)
{
    if (*lead != 0) {
        bool allowed = byte >= behind_lead[*lead].first && byte <= behind_lead[*lead].last;

        *lead = behind_lead[*lead].next;
        return allowed;
    }
    *lead = byte < CONTINUATION_FIRST ? 0 : byte;
    return *lead == 0 || behind_lead[byte].last != 0;
}

static bool check_one_by_one(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    uint8_t lead = state->lead; /* in a register: in memory it would cost half of the speed */

    for (size_t i = 0; i < length; i++) {
        if (!step(&lead, bytes[i])) {
            return false;
        }
    }
    state->lead = lead;
    return true;
}

static inline bool is_ascii_block(const uint8_t *bytes)
{
    uint64_t words[2];

    memcpy(words, bytes, sizeof words);
    return ((words[0] | words[1]) & UINT64_C(0x8080808080808080)) == 0;
}

bool utf8_check(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    for (; length >= BLOCK_BYTES; length -= BLOCK_BYTES) {
        if (!(utf8_complete(state) && is_ascii_block(bytes)) &&
            !check_one_by_one(state, bytes, BLOCK_BYTES)) {
            return false;
        }
        bytes += BLOCK_BYTES;
    }
    return check_one_by_one(state, bytes, length);
}

static inline bool is_continuation(uint8_t byte)
{
    return byte >= CONTINUATION_FIRST && byte <= CONTINUATION_LAST;
}

bool utf8_check_end(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    if (length >= LONGEST_CHARACTER) {
        /* Only a character that begins in the last three bytes can be cut. */
        bytes += length - (LONGEST_CHARACTER - 1);
        length = LONGEST_CHARACTER - 1;
        for (; length > 0 && is_continuation(*bytes); length--) {
            bytes++;
        }
        state->lead = 0;
    }
    return utf8_check(state, bytes, length);
}

bool utf8_valid(const uint8_t *bytes, size_t length)
{
    struct utf8_state state = {0};

    return utf8_check(&state, bytes, length) && utf8_complete(&state);
}

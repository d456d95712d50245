/*
 * UTF-8 on any CPU: sixteen ASCII bytes at a time, other bytes one by one.
 */
#include "protocol/kernels.h"

#include <string.h>

/*
 * What may come next. RFC 3629 section 4: a lead byte says how many continuation bytes follow,
 * and four leads narrow the first of them, which keeps out overlong forms, surrogates and what
 * lies above U+10FFFF.
 */
enum {
    BETWEEN_CHARACTERS, /* must be 0: utf8_complete */
    ONE_MORE,
    TWO_MORE,
    TWO_MORE_AFTER_E0, /* not below U+0800 */
    TWO_MORE_AFTER_ED, /* no surrogates */
    THREE_MORE,
    THREE_MORE_AFTER_F0, /* not below U+10000 */
    THREE_MORE_AFTER_F4, /* not above U+10FFFF */
};

/* For each state but the first: the range of the next byte, and the state behind it. */
static const struct {
    uint8_t first;
    uint8_t last;
    uint8_t next;
} continuations[] = {
    [ONE_MORE] = {0x80, 0xBF, BETWEEN_CHARACTERS},  [TWO_MORE] = {0x80, 0xBF, ONE_MORE},
    [TWO_MORE_AFTER_E0] = {0xA0, 0xBF, ONE_MORE},   [TWO_MORE_AFTER_ED] = {0x80, 0x9F, ONE_MORE},
    [THREE_MORE] = {0x80, 0xBF, TWO_MORE},          [THREE_MORE_AFTER_F0] = {0x90, 0xBF, TWO_MORE},
    [THREE_MORE_AFTER_F4] = {0x80, 0x8F, TWO_MORE},
};

/* The state behind each lead byte from 0xC0; BETWEEN_CHARACTERS for those that lead nothing. */
static const uint8_t behind_lead[64] = {
    [0xC2 - 0xC0 ... 0xDF - 0xC0] = ONE_MORE,   [0xE0 - 0xC0] = TWO_MORE_AFTER_E0,
    [0xE1 - 0xC0 ... 0xEC - 0xC0] = TWO_MORE,   [0xED - 0xC0] = TWO_MORE_AFTER_ED,
    [0xEE - 0xC0 ... 0xEF - 0xC0] = TWO_MORE,   [0xF0 - 0xC0] = THREE_MORE_AFTER_F0,
    [0xF1 - 0xC0 ... 0xF3 - 0xC0] = THREE_MORE, [0xF4 - 0xC0] = THREE_MORE_AFTER_F4,
};

bool utf8_step(struct utf8_state *state, uint8_t byte)
{
    if (state->state != BETWEEN_CHARACTERS) {
        bool allowed =
            byte >= continuations[state->state].first && byte <= continuations[state->state].last;

        state->state = continuations[state->state].next;
        return allowed;
    }
    if (byte < 0x80) {
        return true;
    }
    if (byte < 0xC0) {
        return false;
    }
    state->state = behind_lead[byte - 0xC0];
    return state->state != BETWEEN_CHARACTERS;
}

static inline uint64_t load_8_bytes(const uint8_t *bytes)
{
    uint64_t word;

    memcpy(&word, bytes, sizeof word);
    return word;
}

/* The top bits of the bytes of a word: none is set if all are ASCII. */
#define NOT_ASCII UINT64_C(0x8080808080808080)

static inline bool is_ascii_16_bytes(const uint8_t *bytes)
{
    return ((load_8_bytes(bytes) | load_8_bytes(bytes + 8)) & NOT_ASCII) == 0;
}

bool utf8_check_portable(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    size_t offset = 0;

    while (offset < length) {
        if (state->state == BETWEEN_CHARACTERS && length - offset >= 16 &&
            is_ascii_16_bytes(bytes + offset)) {
            offset += 16;
        } else if (!utf8_step(state, bytes[offset++])) {
            return false;
        }
    }
    return true;
}

/* Whether 8 to 64 bytes are ASCII; the last word overlaps the one before it. */
static inline bool is_ascii_short(const uint8_t *bytes, size_t length)
{
    uint64_t seen = load_8_bytes(bytes + length - 8);

    for (size_t offset = 0; offset + 8 <= length; offset += 8) {
        seen |= load_8_bytes(bytes + offset);
    }
    return (seen & NOT_ASCII) == 0;
}

bool utf8_check(struct utf8_state *state, const uint8_t *bytes, size_t length)
{
    if (length >= 8 && length <= 64 && state->state == BETWEEN_CHARACTERS &&
        is_ascii_short(bytes, length)) {
        return true;
    }
    return utf8_chosen_check(state, bytes, length);
}

bool utf8_valid(const uint8_t *bytes, size_t length)
{
    struct utf8_state state = {0};

    return utf8_check(&state, bytes, length) && utf8_complete(&state);
}

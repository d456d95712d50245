/*
 * Base64: three bytes are four characters of six bits.
 */
#include "protocol/base64.h"

static const char alphabet[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

void base64_encode(char *target, const uint8_t *bytes, size_t length)
{
    for (size_t i = 0; i < length; i += 3) {
        size_t there = length - i < 3 ? length - i : 3;
        uint32_t group = (uint32_t)bytes[i] << 16;

        if (there > 1) {
            group |= (uint32_t)bytes[i + 1] << 8;
        }
        if (there > 2) {
            group |= bytes[i + 2];
        }
        target[0] = alphabet[group >> 18];
        target[1] = alphabet[group >> 12 & 63];
        target[2] = there > 1 ? alphabet[group >> 6 & 63] : '=';
        target[3] = there > 2 ? alphabet[group & 63] : '=';
        target += 4;
    }
}

/* The six bits that a character stands for, and one; 0: it stands for none. */
static const uint8_t values[UINT8_MAX + 1] = {
    ['A'] = 1,  ['B'] = 2,  ['C'] = 3,  ['D'] = 4,  ['E'] = 5,  ['F'] = 6,  ['G'] = 7,  ['H'] = 8,
    ['I'] = 9,  ['J'] = 10, ['K'] = 11, ['L'] = 12, ['M'] = 13, ['N'] = 14, ['O'] = 15, ['P'] = 16,
    ['Q'] = 17, ['R'] = 18, ['S'] = 19, ['T'] = 20, ['U'] = 21, ['V'] = 22, ['W'] = 23, ['X'] = 24,
    ['Y'] = 25, ['Z'] = 26, ['a'] = 27, ['b'] = 28, ['c'] = 29, ['d'] = 30, ['e'] = 31, ['f'] = 32,
    ['g'] = 33, ['h'] = 34, ['i'] = 35, ['j'] = 36, ['k'] = 37, ['l'] = 38, ['m'] = 39, ['n'] = 40,
    ['o'] = 41, ['p'] = 42, ['q'] = 43, ['r'] = 44, ['s'] = 45, ['t'] = 46, ['u'] = 47, ['v'] = 48,
    ['w'] = 49, ['x'] = 50, ['y'] = 51, ['z'] = 52, ['0'] = 53, ['1'] = 54, ['2'] = 55, ['3'] = 56,
    ['4'] = 57, ['5'] = 58, ['6'] = 59, ['7'] = 60, ['8'] = 61, ['9'] = 62, ['+'] = 63, ['/'] = 64,
};

/* The six bits that a character stands for, or -1. */
static int value_of(char character)
{
    return values[(uint8_t)character] - 1;
}

bool base64_is_canonical(struct slice text, size_t length)
{
    size_t padding = BASE64_LENGTH(length) - (length * 8 + 5) / 6;
    int unused_bits = (int)(2 * padding);
    int last = 0;

    if (text.length != BASE64_LENGTH(length)) {
        return false;
    }
    for (size_t i = 0; i < text.length - padding; i++) {
        last = value_of(text.data[i]);
        if (last < 0) {
            return false;
        }
    }
    for (size_t i = text.length - padding; i < text.length; i++) {
        if (text.data[i] != '=') {
            return false;
        }
    }
    return (last & ((1 << unused_bits) - 1)) == 0;
}

static size_t padding_of(struct slice text)
{
    size_t padding = 0;

    while (padding < 2 && padding < text.length && text.data[text.length - 1 - padding] == '=') {
        padding++;
    }
    return padding;
}

bool base64_decode(uint8_t *target, struct slice text, size_t *length)
{
    size_t characters = text.length - padding_of(text);
    uint32_t bits = 0;

    *length = characters * 6 / 8;
    if (!base64_is_canonical(text, *length)) {
        return false;
    }
    for (size_t i = 0; i < characters; i++) {
        bits = bits << 6 | (uint32_t)value_of(text.data[i]);
        if (i % 4 != 0) { /* a byte is complete with all but the first of each four */
            *target++ = (uint8_t)(bits >> (6 - 2 * (i % 4)));
        }
    }
    return true;
}

/*
 * SHA-1 of a message that is there as a whole.
 */
#include "protocol/sha1.h"

enum { BLOCK_BYTES = 64, LENGTH_BYTES = 8, ROUNDS = 80 };

static uint32_t rotate_left(uint32_t word, int bits)
{
    return word << bits | word >> (32 - bits);
}

static uint32_t read_word(const uint8_t *bytes)
{
    return (uint32_t)bytes[0] << 24 | (uint32_t)bytes[1] << 16 | (uint32_t)bytes[2] << 8 | bytes[3];
}

static void write_word(uint8_t *bytes, uint32_t word)
{
    for (int i = 0; i < 4; i++) {
        bytes[i] = (uint8_t)(word >> (24 - 8 * i));
    }
}

/* The function and constant of a round, RFC 3174 section 5. */
static uint32_t mix(int round, uint32_t b, uint32_t c, uint32_t d)
{
    switch (round / 20) {
    case 0:
        return ((b & c) | (~b & d)) + 0x5A827999;
    case 1:
        return (b ^ c ^ d) + 0x6ED9EBA1;
    case 2:
        return ((b & c) | (b & d) | (c & d)) + 0x8F1BBCDC;
    default:
        return (b ^ c ^ d) + 0xCA62C1D6;
    }
}

/* RFC 3174 section 6.1: works a block into the five words of the state. */
static void take_block(uint32_t state[5], const uint8_t block[BLOCK_BYTES])
{
    uint32_t schedule[ROUNDS];
    uint32_t a = state[0];
    uint32_t b = state[1];
    uint32_t c = state[2];
    uint32_t d = state[3];
    uint32_t e = state[4];

    for (int i = 0; i < 16; i++) {
        schedule[i] = read_word(block + (size_t)4 * i);
    }
    for (int i = 16; i < ROUNDS; i++) {
        schedule[i] =
            rotate_left(schedule[i - 3] ^ schedule[i - 8] ^ schedule[i - 14] ^ schedule[i - 16], 1);
    }
    for (int i = 0; i < ROUNDS; i++) {
        uint32_t next = rotate_left(a, 5) + mix(i, b, c, d) + e + schedule[i];

        e = d;
        d = c;
        c = rotate_left(b, 30);
        b = a;
        a = next;
    }
    state[0] += a;
    state[1] += b;
    state[2] += c;
    state[3] += d;
    state[4] += e;
}

/* RFC 3174 section 4: the last bytes, a 1 bit, zeros, and the length in bits fill 1 or 2 blocks. */
static void take_last_blocks(uint32_t state[5], struct slice rest, uint64_t message_bytes)
{
    uint8_t padded[2 * BLOCK_BYTES] = {0};
    size_t end = rest.length + 1 + LENGTH_BYTES <= BLOCK_BYTES ? BLOCK_BYTES : 2 * BLOCK_BYTES;

    if (rest.length > 0) {
        memcpy(padded, rest.data, rest.length);
    }
    padded[rest.length] = 0x80;
    write_word(padded + end - 8, (uint32_t)(message_bytes >> 29));
    write_word(padded + end - 4, (uint32_t)(message_bytes << 3));
    for (size_t offset = 0; offset < end; offset += BLOCK_BYTES) {
        take_block(state, padded + offset);
    }
}

void sha1(struct slice message, uint8_t digest[SHA1_BYTES])
{
    uint32_t state[5] = {0x67452301, 0xEFCDAB89, 0x98BADCFE, 0x10325476, 0xC3D2E1F0};
    struct slice rest = message;

    for (; rest.length >= BLOCK_BYTES; rest.length -= BLOCK_BYTES) {
        take_block(state, (const uint8_t *)rest.data);
        rest.data += BLOCK_BYTES;
    }
    take_last_blocks(state, rest, message.length);
    for (size_t i = 0; i < 5; i++) {
        write_word(digest + 4 * i, state[i]);
    }
}

/*
 * SipHash (Aumasson, Bernstein) with one round for each 8 bytes and three at the end.
 */
#include "base/siphash.h"

#include <endian.h>
#include <errno.h>
#include <string.h>
#include <sys/random.h>

enum { COMPRESSION_ROUNDS = 1, FINAL_ROUNDS = 3, BLOCK_BYTES = 8 };

struct siphash_state {
    uint64_t v0;
    uint64_t v1;
    uint64_t v2;
    uint64_t v3;
};

int siphash_key_random(struct siphash_key *key)
{
    ssize_t got;

    /* Interrupted at most before the system's generator is seeded; this little comes whole. */
    do {
        got = getrandom(key, sizeof *key, 0);
    } while (got < 0 && errno == EINTR);
    return got == (ssize_t)sizeof *key ? 0 : errno;
}

static uint64_t rotate_left(uint64_t value, unsigned bits)
{
    return value << bits | value >> (64 - bits);
}

static void run_rounds(struct siphash_state *state, unsigned rounds)
{
    for (unsigned round = 0; round < rounds; round++) {
        state->v0 += state->v1;
        state->v2 += state->v3;
        state->v1 = rotate_left(state->v1, 13) ^ state->v0;
        state->v3 = rotate_left(state->v3, 16) ^ state->v2;
        state->v0 = rotate_left(state->v0, 32) + state->v3;
        state->v2 += state->v1;
        state->v3 = rotate_left(state->v3, 21) ^ state->v0;
        state->v1 = rotate_left(state->v1, 17) ^ state->v2;
        state->v2 = rotate_left(state->v2, 32);
    }
}

static void absorb(struct siphash_state *state, uint64_t block)
{
    state->v3 ^= block;
    run_rounds(state, COMPRESSION_ROUNDS);
    state->v0 ^= block;
}

/* Up to 8 bytes as a little-endian number. */
static uint64_t load(const char *bytes, size_t length)
{
    uint64_t block = 0;

    memcpy(&block, bytes, length);
    return le64toh(block);
}

uint64_t siphash(const struct siphash_key *key, const void *data, size_t length)
{
    /* The initial state spells "somepseudorandomlygeneratedbytes". */
    struct siphash_state state = {
        key->low ^ UINT64_C(0x736f6d6570736575),
        key->high ^ UINT64_C(0x646f72616e646f6d),
        key->low ^ UINT64_C(0x6c7967656e657261),
        key->high ^ UINT64_C(0x7465646279746573),
    };
    const char *bytes = data;
    size_t tail_bytes = length % BLOCK_BYTES;
    uint64_t last = (uint64_t)length << 56;

    for (size_t at = 0; at < length - tail_bytes; at += BLOCK_BYTES) {
        absorb(&state, load(bytes + at, BLOCK_BYTES));
    }
    if (tail_bytes > 0) {
        last |= load(bytes + length - tail_bytes, tail_bytes);
    }
    absorb(&state, last);
    state.v2 ^= 0xff;
    run_rounds(&state, FINAL_ROUNDS);
    return state.v0 ^ state.v1 ^ state.v2 ^ state.v3;
}

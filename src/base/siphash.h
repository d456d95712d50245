/*
 * SipHash-1-3, a keyed hash: who does not know the key cannot make names that collide.
 */
#ifndef WSRELAYD_BASE_SIPHASH_H
#define WSRELAYD_BASE_SIPHASH_H

#include <stddef.h>
#include <stdint.h>

struct siphash_key {
    uint64_t low;
    uint64_t high;
};

/* A fresh random key from getrandom(2). Returns 0, or an errno value. */
int siphash_key_random(struct siphash_key *key);

uint64_t siphash(const struct siphash_key *key, const void *data, size_t length);

#endif

/*
 * The kernels that only x86-64 has.
 */
#ifndef WSRELAYD_PROTOCOL_KERNELS_X86_H
#define WSRELAYD_PROTOCOL_KERNELS_X86_H

#include "protocol/kernels.h"

/* On functions that are called only after the CPU was asked. */
#define TARGET_AVX2 __attribute__((target("avx2")))

void mask_unmask_sse2(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4]);
void mask_unmask_avx2(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4]);
bool utf8_check_avx2(struct utf8_state *state, const uint8_t *bytes, size_t length);

#endif

/*
 * RFC 6455 section 5.3: masking. The kernels differ in speed only.
 */
#ifndef WSRELAYD_PROTOCOL_MASK_H
#define WSRELAYD_PROTOCOL_MASK_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* One implementation; all give the same bytes. */
struct mask_kernel {
    const char *name; /* "portable", "sse2", "avx2" */
    bool (*supported)(void);
    void (*unmask)(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4]);
};

/* Every kernel of this build, best last, ended by one whose name is NULL. For the tests. */
extern const struct mask_kernel mask_kernels[];

/* XORs source with the repeated key into target, which overlaps neither, or only the source and
 * then begins where that does or before it. */
extern void (*mask_unmask)(uint8_t *target, const uint8_t *source, size_t length,
                           const uint8_t key[4]);

/* Picks the best kernels for masking and UTF-8 that this CPU has. Once, before any thread. */
void protocol_choose_kernels(void);

#endif

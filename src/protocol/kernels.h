/*
 * What the files that implement masking and UTF-8 share. Everybody else includes mask.h or utf8.h.
 */
#ifndef WSRELAYD_PROTOCOL_KERNELS_H
#define WSRELAYD_PROTOCOL_KERNELS_H

#include "protocol/mask.h"
#include "protocol/utf8.h"

/* One implementation of utf8_check; all give the same answers. */
struct utf8_kernel {
    const char *name; /* "portable", "avx2" */
    bool (*supported)(void);
    bool (*check)(struct utf8_state *state, const uint8_t *bytes, size_t length);
};

/* Every kernel of this build, best last, ended by one whose name is NULL. */
extern const struct utf8_kernel utf8_kernels[];

/* The one that utf8_check uses. */
extern bool (*utf8_chosen_check)(struct utf8_state *state, const uint8_t *bytes, size_t length);

bool kernel_always_supported(void);

void mask_unmask_portable(uint8_t *target, const uint8_t *source, size_t length,
                          const uint8_t key[4]);
bool utf8_check_portable(struct utf8_state *state, const uint8_t *bytes, size_t length);

/* Takes one byte into the state; false when it cannot stand there. */
bool utf8_step(struct utf8_state *state, uint8_t byte);

#endif

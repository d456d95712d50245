/*
 * RFC 6455 sections 5.3 and 8.1: payloads are unmasked, and text is checked in the same pass.
 */
#ifndef WSRELAYD_PROTOCOL_PAYLOAD_H
#define WSRELAYD_PROTOCOL_PAYLOAD_H

#include "protocol/utf8.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/*
 * One implementation, of several that differ in speed only. Both functions XOR `source` with the
 * repeated key into `target`, which does not lie above `source` if the two overlap. They touch no
 * byte outside of the two, and have read the key, which may lie there, before they write.
 */
struct payload_kernel {
    const char *name; /* "portable", or the instructions that it needs */
    bool (*supported)(void);
    void (*unmask)(uint8_t *target, const uint8_t *source, size_t length, const uint8_t key[4]);
    /*
     * Also checks what comes out, as utf8_check does: false if some of it cannot be right. Then
     * there may be anything in the target and in the state.
     */
    bool (*unmask_text)(struct utf8_state *state, uint8_t *target, const uint8_t *source,
                        size_t length, const uint8_t key[4]);
};

/* The one in use: until the choice, the portable one. */
extern const struct payload_kernel *payload_kernel;

/* Picks the best one that this CPU has. Once, before any thread. */
void protocol_choose_kernels(void);

#endif

/*
 * The kernels of 64-bit ARM.
 */
#if defined(__AARCH64EL__)

#include "protocol/payload_kernels.h"

const struct payload_kernel *const payload_kernels[] = {
    &payload_portable,
    &payload_neon,
    NULL,
};

#endif

/*
 * The kernels of CPUs that have none of their own.
 */
#if !defined(__x86_64__) && !defined(__AARCH64EL__)

#include "protocol/payload_kernels.h"

const struct payload_kernel *const payload_kernels[] = {
    &payload_portable,
    NULL,
};

#endif

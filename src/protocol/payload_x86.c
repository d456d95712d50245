/*
 * The kernels of x86-64, where SSE2 is always there.
 */
#if defined(__x86_64__)

#include "protocol/payload_kernels.h"

const struct payload_kernel *const payload_kernels[] = {
    &payload_portable, &payload_sse2, &payload_avx2, &payload_avx512, NULL,
};

#endif

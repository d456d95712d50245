/*
 * The kernels of x86-64, where SSE2 is always there and AVX2 mostly.
 */
#if defined(__x86_64__)

#include "protocol/kernels_x86.h"

static bool avx2_supported(void)
{
    return __builtin_cpu_supports("avx2");
}

const struct mask_kernel mask_kernels[] = {
    {"portable", kernel_always_supported, mask_unmask_portable},
    {"sse2", kernel_always_supported, mask_unmask_sse2},
    {"avx2", avx2_supported, mask_unmask_avx2},
    {0},
};

const struct utf8_kernel utf8_kernels[] = {
    {"portable", kernel_always_supported, utf8_check_portable},
    {"avx2", avx2_supported, utf8_check_avx2},
    {0},
};

#endif

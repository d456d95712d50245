/*
 * The kernels of CPUs that have none of their own.
 */
#if !defined(__x86_64__)

#include "protocol/kernels.h"

const struct mask_kernel mask_kernels[] = {
    {"portable", kernel_always_supported, mask_unmask_portable},
    {0},
};

const struct utf8_kernel utf8_kernels[] = {
    {"portable", kernel_always_supported, utf8_check_portable},
    {0},
};

#endif

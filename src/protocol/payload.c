/*
 * The choice of the kernel that this CPU runs fastest.
 */
#include "protocol/payload_kernels.h"

const struct payload_kernel *payload_kernel = &payload_portable;

void protocol_choose_kernels(void)
{
    for (const struct payload_kernel *const *kernel = payload_kernels; *kernel != NULL; kernel++) {
        if ((*kernel)->supported()) {
            payload_kernel = *kernel;
        }
    }
}

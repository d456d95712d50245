/*
 * The choice of the kernels that this CPU runs fastest.
 */
#include "protocol/kernels.h"

void (*mask_unmask)(uint8_t *target, const uint8_t *source, size_t length,
                    const uint8_t key[4]) = mask_unmask_portable;
bool (*utf8_chosen_check)(struct utf8_state *state, const uint8_t *bytes,
                          size_t length) = utf8_check_portable;

bool kernel_always_supported(void)
{
    return true;
}

void protocol_choose_kernels(void)
{
    for (const struct mask_kernel *kernel = mask_kernels; kernel->name != NULL; kernel++) {
        if (kernel->supported()) {
            mask_unmask = kernel->unmask;
        }
    }
    for (const struct utf8_kernel *kernel = utf8_kernels; kernel->name != NULL; kernel++) {
        if (kernel->supported()) {
            utf8_chosen_check = kernel->check;
        }
    }
}

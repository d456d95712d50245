/*
 * Masking: every kernel gives the same bytes as the definition in RFC 6455 section 5.3.
 */
#include "protocol/kernels.h"

#include "suite.h"

#include <stdlib.h>
#include <string.h>

enum { LONGEST = 300, ALIGNMENTS = 33, GUARD = 0xEE };

static const uint8_t keys[][4] = {
    {0, 0, 0, 0}, {0x37, 0xFA, 0x21, 0x3D}, {0xFF, 0xFF, 0xFF, 0xFF}, {1, 0, 0, 0}};

static uint8_t source_bytes[LONGEST + 2 * ALIGNMENTS];
static uint8_t target_bytes[LONGEST + 3 * ALIGNMENTS];

static void fill_source(void)
{
    for (size_t i = 0; i < sizeof source_bytes; i++) {
        source_bytes[i] = (uint8_t)(i * 31 + 7);
    }
}

/* The section's formula: octet i is XORed with octet i modulo 4 of the key. */
static void check_masked(const uint8_t *target, const uint8_t *source, size_t length,
                         const uint8_t key[4])
{
    for (size_t i = 0; i < length; i++) {
        if (target[i] != (source[i] ^ key[i % 4])) { /* an assertion for each would take minutes */
            ck_abort_msg("byte %zu of %zu", i, length);
        }
    }
}

static void check_kernel(const struct mask_kernel *kernel, size_t length, size_t alignment,
                         const uint8_t key[4])
{
    const uint8_t *source = source_bytes + alignment;
    uint8_t *target = target_bytes + (alignment * 7) % ALIGNMENTS;

    memset(target_bytes, GUARD, sizeof target_bytes);
    kernel->unmask(target, source, length, key);
    check_masked(target, source, length, key);
    for (const uint8_t *byte = target_bytes; byte < target_bytes + sizeof target_bytes; byte++) {
        if ((byte < target || byte >= target + length) && *byte != GUARD) {
            ck_abort_msg("%s wrote outside of %zu bytes", kernel->name, length);
        }
    }
}

START_TEST(test_every_kernel_masks_as_the_rfc_says)
{
    fill_source();
    for (const struct mask_kernel *kernel = mask_kernels; kernel->name != NULL; kernel++) {
        for (size_t length = 0; kernel->supported() && length <= LONGEST; length++) {
            for (size_t alignment = 0; alignment < ALIGNMENTS; alignment++) {
                check_kernel(kernel, length, alignment, keys[_i]);
            }
        }
    }
}
END_TEST

START_TEST(test_every_kernel_masks_in_place)
{
    fill_source();
    for (const struct mask_kernel *kernel = mask_kernels; kernel->name != NULL; kernel++) {
        for (size_t length = 0; kernel->supported() && length <= LONGEST; length++) {
            memcpy(target_bytes, source_bytes, length);
            kernel->unmask(target_bytes, target_bytes, length, keys[_i]);
            check_masked(target_bytes, source_bytes, length, keys[_i]);
        }
    }
}
END_TEST

START_TEST(test_no_kernel_touches_bytes_beyond_its_buffers)
{
    fill_source();
    for (const struct mask_kernel *kernel = mask_kernels; kernel->name != NULL; kernel++) {
        for (size_t length = 1; kernel->supported() && length <= LONGEST; length++) {
            uint8_t *source = malloc(length); /* AddressSanitizer guards both ends */
            uint8_t *target = malloc(length);

            memcpy(source, source_bytes, length);
            kernel->unmask(target, source, length, keys[1]);
            check_masked(target, source, length, keys[1]);
            free(source);
            free(target);
        }
    }
}
END_TEST

START_TEST(test_the_chosen_kernel_is_the_last_that_the_cpu_has)
{
    const struct mask_kernel *best = NULL;

    protocol_choose_kernels();
    for (const struct mask_kernel *kernel = mask_kernels; kernel->name != NULL; kernel++) {
        best = kernel->supported() ? kernel : best;
    }
    ck_assert_ptr_nonnull(best);
    ck_assert(mask_unmask == best->unmask);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("mask");
    TCase *tests = tcase_create("mask");

    tcase_add_loop_test(tests, test_every_kernel_masks_as_the_rfc_says, 0, 4);
    tcase_add_loop_test(tests, test_every_kernel_masks_in_place, 0, 4);
    tcase_add_test(tests, test_no_kernel_touches_bytes_beyond_its_buffers);
    tcase_add_test(tests, test_the_chosen_kernel_is_the_last_that_the_cpu_has);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

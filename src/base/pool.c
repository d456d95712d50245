/*
 * Free lists by size class.
 */
#include "base/pool.h"

#include <stdlib.h>

/*
 * Under AddressSanitizer a kept block is poisoned, so that using it after pool_free is found as
 * it would be after free. Without the sanitizer these do nothing.
 */
#if __has_include(<sanitizer/asan_interface.h>)
#include <sanitizer/asan_interface.h>
#else
#define ASAN_POISON_MEMORY_REGION(block, size)   ((void)(block), (void)(size))
#define ASAN_UNPOISON_MEMORY_REGION(block, size) ((void)(block), (void)(size))
#endif

struct pool_block {
    struct pool_block *next;
};

/* The smallest classes are one to four units of POOL_SMALLEST_BYTES; each four that follow stand
 * for five to eight units, doubled once more every time. */
enum { STEPS = 4 };

size_t pool_class_bytes(unsigned size_class)
{
    size_t units = size_class + 1;

    if (size_class >= STEPS) {
        units = (size_t)(size_class % STEPS + STEPS + 1) << (size_class / STEPS - 1);
    }
    return units * POOL_SMALLEST_BYTES;
}

/* The smallest class whose blocks have `size` bytes; POOL_CLASSES when there is none. */
static unsigned class_for(size_t size)
{
    size_t last_unit = size > 0 ? (size - 1) / POOL_SMALLEST_BYTES : 0;
    unsigned doublings;

    if (size > POOL_LARGEST_BYTES) {
        return POOL_CLASSES;
    }
    if (last_unit < STEPS) {
        return (unsigned)last_unit;
    }
    doublings = 63 - (unsigned)__builtin_clzll(last_unit / STEPS);
    return (doublings + 1) * STEPS + (unsigned)(last_unit >> doublings) - STEPS;
}

void pool_init(struct pool *pool)
{
    for (unsigned size_class = 0; size_class < POOL_CLASSES; size_class++) {
        pool->classes[size_class].free = NULL;
        pool->classes[size_class].kept = 0;
    }
}

/* Takes a block off the free list, or returns NULL when it is empty. */
static void *take_kept(struct pool *pool, unsigned size_class)
{
    struct pool_block *block = pool->classes[size_class].free;

    if (block != NULL) {
        ASAN_UNPOISON_MEMORY_REGION(block, pool_class_bytes(size_class));
        pool->classes[size_class].free = block->next;
        pool->classes[size_class].kept--;
    }
    return block;
}

void pool_destroy(struct pool *pool)
{
    for (unsigned size_class = 0; size_class < POOL_CLASSES; size_class++) {
        void *block;

        while ((block = take_kept(pool, size_class)) != NULL) {
            free(block);
        }
    }
}

void *pool_alloc(struct pool *pool, size_t size, size_t *capacity)
{
    unsigned size_class = class_for(size);
    void *block = NULL;

    if (size_class < POOL_CLASSES) {
        size = pool_class_bytes(size_class);
        block = take_kept(pool, size_class);
    }
    if (block == NULL) {
        block = malloc(size);
    }
    if (block != NULL && capacity != NULL) {
        *capacity = size;
    }
    return block;
}

void pool_free(struct pool *pool, void *block, size_t size)
{
    unsigned size_class = class_for(size);
    struct pool_block *kept = block;

    if (block == NULL || size_class == POOL_CLASSES ||
        pool->classes[size_class].kept >=
            POOL_KEEP_BYTES_PER_CLASS / pool_class_bytes(size_class)) {
        free(block);
        return;
    }
    kept->next = pool->classes[size_class].free;
    pool->classes[size_class].free = kept;
    pool->classes[size_class].kept++;
    ASAN_POISON_MEMORY_REGION(kept, pool_class_bytes(size_class));
}

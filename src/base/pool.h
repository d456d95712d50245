/*
 * Free lists of one thread, so that the steady state neither allocates nor frees. A block may be
 * given back to the pool of another thread than the one that it came from. What a pool keeps is
 * bounded: memory returns after a burst.
 */
#ifndef WSRELAYD_BASE_POOL_H
#define WSRELAYD_BASE_POOL_H

#include <stddef.h>

/*
 * Sizes are rounded up to classes, four of them to each doubling, so that less than a quarter of a
 * block (and less than 32 bytes of a small one) is lost.
 */
enum {
    POOL_SMALLEST_BYTES = 32,
    POOL_LARGEST_BYTES = 131072, /* what is larger goes straight to malloc */
    POOL_CLASSES = 44,
    POOL_KEEP_BYTES_PER_CLASS = 1 << 17
};

struct pool_block; /* the link inside a free block */

struct pool {
    struct {
        struct pool_block *free;
        size_t kept; /* blocks on the free list */
    } classes[POOL_CLASSES];
};

void pool_init(struct pool *pool);

/* The size of the blocks of a class. */
size_t pool_class_bytes(unsigned size_class);

/* Frees everything that is kept. Blocks still in use stay valid; free them with pool_free later. */
void pool_destroy(struct pool *pool);

/*
 * Returns at least `size` bytes, aligned for anything and not cleared, or NULL.
 * *capacity, if not NULL, is set to how many there are: pass it to pool_free.
 */
void *pool_alloc(struct pool *pool, size_t size, size_t *capacity);

/* `size` is the size that was asked for or the capacity that was returned. NULL is allowed. */
void pool_free(struct pool *pool, void *block, size_t size);

#endif

/*
 * Running out of memory.
 */
#include "ctl/memory.h"

#include "ctl/complain.h"

#include <stddef.h>
#include <stdlib.h>

void *memory_got(void *pointer)
{
    if (pointer == NULL) {
        exit(complain(STATUS_FAILED, "out of memory"));
    }
    return pointer;
}

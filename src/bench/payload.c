/*
 * Payloads.
 */
#include "bench/payload.h"

#include <string.h>

static void fill_binary(uint8_t *payload, size_t length, size_t index)
{
    for (size_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)(index * 131 + i * 7 + (i >> 8));
    }
}

/* Characters of all lengths in turn, another one first in each message; points fill the end. */
static void fill_text(uint8_t *payload, size_t length, size_t index)
{
    static const char *const characters[] = {"a", "Grüße ", "世", "é", "b c", "🌍", "界", ", "};
    size_t turn = index;
    size_t at = 0;

    for (;;) {
        const char *next = characters[turn++ % (sizeof characters / sizeof *characters)];
        size_t size = strlen(next);

        if (size > length - at) {
            break;
        }
        memcpy(payload + at, next, size);
        at += size;
    }
    memset(payload + at, '.', length - at);
}

void payload_fill(uint8_t *payload, size_t length, size_t index, bool text)
{
    if (text) {
        fill_text(payload, length, index);
    } else {
        fill_binary(payload, length, index);
    }
}

/*
 * What messages consist of, the same every time.
 */
#ifndef WSRELAYD_BENCH_PAYLOAD_H
#define WSRELAYD_BENCH_PAYLOAD_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Fills a payload with other bytes for each `index`; text is UTF-8 of one to four bytes a letter.
 */
void payload_fill(uint8_t *payload, size_t length, size_t index, bool text);

#endif

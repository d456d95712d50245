/*
 * Time. Everything that measures or waits uses the monotonic clock, in milliseconds.
 */
#ifndef WSRELAYD_BASE_CLOCK_H
#define WSRELAYD_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: never goes back, has no relation to the date. */
int64_t clock_monotonic_ms(void);

#endif

/*
 * Time. Everything that measures or waits uses the monotonic clock.
 */
#ifndef WSRELAYD_BASE_CLOCK_H
#define WSRELAYD_BASE_CLOCK_H

#include <stdint.h>

/* Milliseconds of CLOCK_MONOTONIC: never goes back, has no relation to the date. */
int64_t clock_monotonic_ms(void);

/* The same in microseconds. */
int64_t clock_monotonic_us(void);

/* Milliseconds since 1970, for telling people; may jump. */
int64_t clock_unix_ms(void);

#endif

/*
 * Mode echo.
 */
#ifndef WSRELAYD_BENCH_ECHO_H
#define WSRELAYD_BENCH_ECHO_H

#include "bench/mode.h"

extern const struct mode echo_mode;

#endif

/*
 * Modes connect and idle.
 */
#ifndef WSRELAYD_BENCH_CONNECT_H
#define WSRELAYD_BENCH_CONNECT_H

#include "bench/mode.h"

extern const struct mode connect_mode;
extern const struct mode idle_mode;

#endif

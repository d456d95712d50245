/*
 * The client's side of the opening handshake, RFC 6455 section 4.1.
 */
#ifndef WSRELAYD_BENCH_HANDSHAKE_H
#define WSRELAYD_BENCH_HANDSHAKE_H

#include "transport.h"

/* Upgrades a blocking connection. Ends the program when the answer is not the right 101. */
void handshake_upgrade(struct transport *transport, const char *path);

#endif

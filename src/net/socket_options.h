/*
 * What the kernel does for TCP connections. They inherit it from the listening socket that they
 * came in at, which saves each two system calls.
 */
#ifndef WSRELAYD_NET_SOCKET_OPTIONS_H
#define WSRELAYD_NET_SOCKET_OPTIONS_H

#include <stdint.h>

/* What is sent does not wait for more. */
void socket_options_send_at_once(int fd);

/* A connection ends when its peer has acknowledged nothing for so long. */
void socket_options_set_send_timeout(int fd, int64_t send_ms);

#endif

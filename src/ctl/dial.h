/*
 * Connections that do not wait beyond a moment.
 */
#ifndef WSRELAYD_CTL_DIAL_H
#define WSRELAYD_CTL_DIAL_H

#include "base/slice.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

#define DIAL_NEVER INT64_MAX

/*
 * Connects to host:port, [v6]:port, :port (this machine) or unix:/path, of which the syntax has
 * been checked. The deadline is in milliseconds of the monotonic clock. Returns a descriptor, or -1
 * with *problem set to a phrase; errno is then ETIMEDOUT when it took too long, and 0 when no
 * address was found.
 */
int dial(const char *address, int64_t deadline_ms, const char **problem);

/* Sends all of it. Returns false with errno, which is ETIMEDOUT at the deadline. */
bool dial_send(int fd, struct slice bytes, int64_t deadline_ms);

/* Receives something. Returns 0 at the end, or -1 with errno, which is ETIMEDOUT at the deadline.
 */
ssize_t dial_receive(int fd, char *buffer, size_t size, int64_t deadline_ms);

#endif

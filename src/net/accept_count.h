/*
 * How many connections have been accepted for each listener, known by its name: a listener goes on
 * counting where it was when a reload has replaced it, or when it comes again after having been
 * removed. Counted for the whole process. Any thread.
 */
#ifndef WSRELAYD_NET_ACCEPT_COUNT_H
#define WSRELAYD_NET_ACCEPT_COUNT_H

#include <stdint.h>

struct accept_count;

/* That of a name, made if there is none. NULL when memory is short. */
struct accept_count *accept_count_hold(const char *name);

/* One that has counted something stays for the life of the process. */
void accept_count_release(struct accept_count *count);

void accept_count_increase(struct accept_count *count);
uint64_t accept_count_read(const struct accept_count *count);

/* Calls `visit` for each, in the order of being made. It must not hold or release any. */
void accept_count_visit(void (*visit)(void *argument, const char *name, uint64_t accepted),
                        void *argument);

#endif

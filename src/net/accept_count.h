/*
 * How many connections have been accepted for each listener, and how many of them are there, known
 * by its name: a listener goes on counting where it was when a reload has replaced it, or when it
 * comes again after having been removed. Counted for the whole process. Any thread.
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

/* One of those accepted is there from `enter` to `leave`. */
void accept_count_enter(struct accept_count *count);
void accept_count_leave(struct accept_count *count);
uint64_t accept_count_present(const struct accept_count *count);

/* Calls `visit` for each, in the order of being made. It must not hold or release any. */
typedef void accept_count_visitor(void *argument, const char *name,
                                  const struct accept_count *count);
void accept_count_visit(accept_count_visitor *visit, void *argument);

#endif

/*
 * How many connections the process has, and whether it takes another. Shared by all threads.
 */
#ifndef WSRELAYD_NET_ADMISSION_H
#define WSRELAYD_NET_ADMISSION_H

#include <stdatomic.h>
#include <stdbool.h>
#include <stdint.h>

/* Connections over a limit that are answered 503 at the same time; more are closed unread. */
enum { ADMISSION_OVERFLOW_MAX = 16 };

struct admission {
    atomic_uint max_connections; /* this and the next change with a reload */
    atomic_uint max_pending;
    atomic_uint connections; /* admitted and not yet gone */
    atomic_uint pending;     /* of which not yet upgraded */
    atomic_uint overflow;    /* over a limit: waiting for their 503 */
    atomic_ulong denied;     /* closed unread, since the start */
};

enum admission_verdict {
    ADMISSION_GRANTED,  /* counted as a connection and as pending */
    ADMISSION_OVERFLOW, /* counted as overflow: answer 503 */
    ADMISSION_DENIED,   /* not counted: close it */
};

enum admission_verdict admission_ask(struct admission *admission);

/* A granted connection has been upgraded, or will never be. Once for each. */
void admission_end_pending(struct admission *admission);

/* The connection is gone. Once for each that was granted or let in as overflow. */
void admission_leave(struct admission *admission, enum admission_verdict verdict);

#endif

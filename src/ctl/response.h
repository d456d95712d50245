/*
 * An HTTP/1.1 answer as the admin listener gives them: one a connection, with a Content-Length.
 * Pure but for the memory of the answer, of which there is as much as has arrived.
 */
#ifndef WSRELAYD_CTL_RESPONSE_H
#define WSRELAYD_CTL_RESPONSE_H

#include "base/slice.h"

enum {
    RESPONSE_HEAD_MAX_BYTES = 16 << 10,
    RESPONSE_BODY_MAX_BYTES = 64 << 20,
};

/* Zero-filled at the start. */
struct response {
    int status;        /* 200 to 599 */
    size_t head_bytes; /* 0: it is not complete yet */
    size_t body_bytes; /* as the head announces them */
    char *bytes;       /* head and body, terminated */
    size_t length;
    size_t capacity;
};

enum response_verdict { RESPONSE_INCOMPLETE, RESPONSE_COMPLETE, RESPONSE_WRONG };

/*
 * Takes the next bytes that have arrived. When the answer is wrong, *problem is set to a static
 * phrase that goes on after "the answer".
 */
enum response_verdict response_take(struct response *response, struct slice bytes,
                                    const char **problem);

/* Of a complete one; terminated. */
struct slice response_body(const struct response *response);

void response_free(struct response *response);

#endif

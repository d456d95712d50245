/*
 * The exit statuses, and the one line that says why.
 */
#ifndef WSRELAYD_CTL_COMPLAIN_H
#define WSRELAYD_CTL_COMPLAIN_H

#include <stdbool.h>

enum {
    STATUS_DONE,
    STATUS_FAILED,      /* the server has refused it, or could not do it */
    STATUS_USAGE,       /* the command line is wrong, or a file that it names */
    STATUS_UNREACHABLE, /* nobody is there, or what answers is not wsrelayd */
};

enum { FAILURE_BYTES = 1024 };

/* What went wrong: an exit status but STATUS_DONE, and a sentence that may hold any bytes. */
struct failure {
    int status;
    char text[FAILURE_BYTES];
};

/* Sets a failure; the sentence is cut when it is too long. Returns false. */
bool failure_set(struct failure *failure, int status, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/*
 * Writes "wsrelayctl: TEXT" as one line to standard error, with everything escaped that a terminal
 * would obey. Returns `status`.
 */
int complain(int status, const char *format, ...) __attribute__((format(printf, 2, 3)));

#endif

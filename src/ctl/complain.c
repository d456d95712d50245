/*
 * Complaints.
 */
#include "ctl/complain.h"

#include "ctl/escape.h"

#include <stdarg.h>
#include <stdio.h>

bool failure_set(struct failure *failure, int status, const char *format, ...)
{
    va_list arguments;

    failure->status = status;
    va_start(arguments, format);
    vsnprintf(failure->text, sizeof failure->text, format, arguments);
    va_end(arguments);
    return false;
}

int complain(int status, const char *format, ...)
{
    char text[2 * FAILURE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    fputs("wsrelayctl: ", stderr);
    escape_print(stderr, slice_of(text));
    fputc('\n', stderr);
    return status;
}

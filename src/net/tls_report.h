/*
 * How the loading of TLS files tells its problems: a line at a time, to whoever asked for it.
 */
#ifndef WSRELAYD_NET_TLS_REPORT_H
#define WSRELAYD_NET_TLS_REPORT_H

#include "base/log.h"

struct tls_report {
    void (*line)(void *argument, enum log_level level, const char *line);
    void *argument;
};

/* LOG_LEVEL_ERROR: it cannot be used. LOG_LEVEL_WARNING: it can, and somebody should know. */
void tls_report(const struct tls_report *report, enum log_level level, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The newest error of this thread's OpenSSL queue as words; the queue is empty afterwards. */
const char *tls_report_reason(void);

#endif

/*
 * How the loading of TLS files tells its problems: a line at a time, to whoever asked for it.
 */
#ifndef WSRELAYD_NET_TLS_REPORT_H
#define WSRELAYD_NET_TLS_REPORT_H

#include "base/log.h"

enum { TLS_REPORT_KEY_BYTES = 64 };

/* `key` is the path of what the line is about below the listener's tls, such as
 * "certificates[1].private_key"; empty: all of it. */
typedef void tls_report_line(void *argument, enum log_level level, const char *key,
                             const char *line);

struct tls_report {
    tls_report_line *line;
    void *argument;
    const char *element; /* what stands before the key: "certificates[1]." or nothing */
};

/* LOG_LEVEL_ERROR: it cannot be used. LOG_LEVEL_WARNING: it can, and somebody should know. */
void tls_report(const struct tls_report *report, enum log_level level, const char *key,
                const char *format, ...) __attribute__((format(printf, 4, 5)));

/* The newest error of this thread's OpenSSL queue as words; the queue is empty afterwards. */
const char *tls_report_reason(void);

#endif

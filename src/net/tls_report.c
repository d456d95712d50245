/*
 * Problems of TLS files as lines.
 */
#include "net/tls_report.h"

#include <openssl/err.h>
#include <stdarg.h>
#include <stdio.h>

enum { REPORT_LINE_BYTES = 1024 };

void tls_report(const struct tls_report *report, enum log_level level, const char *key,
                const char *format, ...)
{
    char path[TLS_REPORT_KEY_BYTES];
    char line[REPORT_LINE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(line, sizeof line, format, arguments);
    va_end(arguments);
    snprintf(path, sizeof path, "%s%s", report->element, key);
    report->line(report->argument, level, path, line);
}

const char *tls_report_reason(void)
{
    const char *reason = ERR_reason_error_string(ERR_peek_last_error());

    ERR_clear_error();
    return reason != NULL ? reason : "unknown reason";
}

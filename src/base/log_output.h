/*
 * Where log lines go: standard error, syslog or a file. Private to the log.
 */
#ifndef WSRELAYD_BASE_LOG_OUTPUT_H
#define WSRELAYD_BASE_LOG_OUTPUT_H

#include "base/log.h"

#include <stdbool.h>
#include <stddef.h>

struct log_output {
    enum log_target target;
    int fd;     /* not used with syslog */
    char *path; /* LOG_TARGET_FILE only: owned */
};

/* Returns 0, or an errno value, and then `output` is untouched. */
int log_output_open(struct log_output *output, enum log_target target, const char *path);

/*
 * Opens the file anew under its path. Returns 0, or an errno value, and then the old descriptor
 * stays in use. Targets other than a file have nothing to open.
 */
int log_output_reopen(struct log_output *output);

void log_output_close(struct log_output *output);

/* Whether lines must start with their priority: the journal and syslog want to know it. */
bool log_output_wants_priority(const struct log_output *output);

/*
 * Writes whole lines, from offset *written on, which is moved on. May wait for as long as the
 * target makes it. Returns 0 when all is written, or an errno value.
 */
int log_output_write(struct log_output *output, const char *lines, size_t length, size_t *written);

#endif

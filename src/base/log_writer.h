/*
 * The thread that writes the log, and the bounded buffer that lies between it and all others.
 * Private to the log.
 */
#ifndef WSRELAYD_BASE_LOG_WRITER_H
#define WSRELAYD_BASE_LOG_WRITER_H

#include "base/log_line.h"
#include "base/log_output.h"

#include <stdbool.h>

/* Another place for lines, and how they look there. */
struct log_replacement {
    struct log_output output;
    struct log_style style;
};

/* Starts the thread; `output` is its own from here on. Returns 0 or an errno value. */
int log_writer_start(struct log_output *output, const struct log_style *style);

/* Whether a line with this message may be posted now; counts it when not. Any thread. */
bool log_writer_admit(enum log_level level, const char *message);

/* The style that lines must have now. Any thread. */
struct log_style log_writer_style(void);

/*
 * Copies a line of that style into the buffer, or counts it as lost when it is full. Never waits.
 * Any thread. Returns false when lines must have another style by now.
 */
bool log_writer_post(const struct log_line *line, const struct log_style *style);

/* Lines that are posted from now on go elsewhere; the old output is closed. Any thread. */
void log_writer_replace(const struct log_replacement *replacement);

/* Has the thread open its file anew. Any thread. */
void log_writer_reopen(void);

/*
 * Has the thread write what is buffered, and ends it. Returns false when the target has not taken
 * it within a second: the thread is left behind, and nothing may be posted any more.
 */
bool log_writer_stop(void);

#endif

/*
 * The thread that writes the log, and the bounded buffer that lies between it and all others.
 * Private to the log.
 */
#ifndef WSRELAYD_BASE_LOG_WRITER_H
#define WSRELAYD_BASE_LOG_WRITER_H

#include "base/log_line.h"
#include "base/log_output.h"

#include <stdbool.h>

/* Starts the thread; `output` and `style` are its own from here on. Returns 0 or an errno value. */
int log_writer_start(struct log_output *output, const struct log_style *style);

/* Whether a line with this message may be posted now; counts it when not. Any thread. */
bool log_writer_admit(enum log_level level, const char *message);

/* Copies the line into the buffer, or counts it as lost when it is full. Never waits. Any thread.
 */
void log_writer_post(const struct log_line *line);

/* Has the thread open its file anew. Any thread. */
void log_writer_reopen(void);

/*
 * Has the thread write what is buffered, and ends it. Returns false when the target has not taken
 * it within a second: the thread is left behind, and nothing may be posted any more.
 */
bool log_writer_stop(void);

#endif

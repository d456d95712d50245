/*
 * A log file in a directory of its own, for tests of the log.
 */
#ifndef WSRELAYD_TESTS_LOG_FILE_H
#define WSRELAYD_TESTS_LOG_FILE_H

#include "base/log.h"

#include <stdint.h>

extern char log_file_directory[];
extern char log_file_path[];
extern char log_file_rotated[];      /* where a test may move it */
extern const char *log_file_content; /* what was read last; until the next reading */

/* The two halves of a fixture: an empty directory; the log on standard error again. */
void log_file_prepare(void);
void log_file_clean_up(void);

/* Has the log go to the file, as text. */
void log_file_configure(enum log_level level);

/* The whole file as a string that lasts until the next call; "" when there is no file. */
const char *log_file_read(const char *name);

/* Reads the file again and again until `what` is in it. */
void log_file_wait_until_it_has(const char *name, const char *what);

unsigned text_count(const char *text, const char *what);

/* The number behind the first `key` in `text`. */
uint64_t text_number_after(const char *text, const char *key);

#endif

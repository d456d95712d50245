/*
 * A log file in a directory of its own, for tests of the log.
 */
#include "log_file.h"

#include "base/clock.h"

#include <check.h>
#include <inttypes.h>
#include <poll.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { PATIENCE_MS = 20000, PATH_BYTES = 64 };

char log_file_directory[] = "/tmp/wsrelayd-log-XXXXXX";
char log_file_path[PATH_BYTES];
char log_file_rotated[PATH_BYTES];
const char *log_file_content;

static char *content; /* the memory of log_file_content */

void log_file_prepare(void)
{
    strcpy(log_file_directory + strlen(log_file_directory) - 6, "XXXXXX");
    ck_assert_ptr_nonnull(mkdtemp(log_file_directory));
    snprintf(log_file_path, PATH_BYTES, "%s/log", log_file_directory);
    snprintf(log_file_rotated, PATH_BYTES, "%s/log.1", log_file_directory);
}

void log_file_clean_up(void)
{
    log_stop();
    ck_assert_int_eq(log_configure(LOG_LEVEL_INFO, LOG_FORMAT_TEXT, LOG_TARGET_STDERR, NULL), 0);
    unlink(log_file_path);
    unlink(log_file_rotated);
    rmdir(log_file_directory);
    free(content);
    content = NULL;
}

void log_file_configure(enum log_level level)
{
    ck_assert_int_eq(log_configure(level, LOG_FORMAT_TEXT, LOG_TARGET_FILE, log_file_path), 0);
}

const char *log_file_read(const char *name)
{
    FILE *file = fopen(name, "re");
    size_t length = 0;

    free(content);
    content = NULL;
    log_file_content = "";
    if (file != NULL) {
        if (getdelim(&content, &length, '\0', file) > 0) {
            log_file_content = content;
        }
        fclose(file);
    }
    return log_file_content;
}

/* Not with strstr: under a sanitizer each of its calls reads the text to its end. */
unsigned text_count(const char *text, const char *what)
{
    size_t length = strlen(what);
    unsigned count = 0;

    for (; *text != '\0'; text++) {
        count += *text == *what && strncmp(text, what, length) == 0;
    }
    return count;
}

void log_file_wait_until_it_has(const char *name, const char *what)
{
    int64_t until_ms = clock_monotonic_ms() + PATIENCE_MS;

    while (strstr(log_file_read(name), what) == NULL) {
        ck_assert_msg(clock_monotonic_ms() < until_ms, "no \"%s\" in: %s", what, log_file_content);
        poll(NULL, 0, 5);
    }
}

uint64_t text_number_after(const char *text, const char *key)
{
    const char *found = strstr(text, key);

    ck_assert_msg(found != NULL, "no \"%s\" in: %s", key, text);
    return strtoumax(found + strlen(key), NULL, 10);
}

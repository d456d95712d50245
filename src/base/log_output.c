/*
 * The targets.
 */
#include "base/log_output.h"

#include <errno.h>
#include <fcntl.h>
#include <inttypes.h>
#include <poll.h>
#include <stdint.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <syslog.h>
#include <unistd.h>

/* A FIFO that nobody reads is an error (ENXIO) and not waited for. */
static int open_file(const char *path)
{
    return open(path, O_WRONLY | O_APPEND | O_CREAT | O_NONBLOCK | O_CLOEXEC | O_NOCTTY, 0640);
}

static int open_new_file(struct log_output *output, const char *path)
{
    char *copy = strdup(path);
    int fd;

    if (copy == NULL) {
        return ENOMEM;
    }
    fd = open_file(path);
    if (fd < 0) {
        int error = errno;

        free(copy);
        return error;
    }
    *output = (struct log_output){.target = LOG_TARGET_FILE, .fd = fd, .path = copy};
    return 0;
}

int log_output_open(struct log_output *output, enum log_target target, const char *path)
{
    if (target == LOG_TARGET_FILE) {
        return open_new_file(output, path);
    }
    if (target == LOG_TARGET_SYSLOG) {
        openlog("wsrelayd", LOG_PID | LOG_NDELAY, LOG_DAEMON);
    }
    *output = (struct log_output){.target = target, .fd = STDERR_FILENO};
    return 0;
}

int log_output_reopen(struct log_output *output)
{
    int fd;

    if (output->target != LOG_TARGET_FILE) {
        return 0;
    }
    fd = open_file(output->path);
    if (fd < 0) {
        return errno;
    }
    close(output->fd);
    output->fd = fd;
    return 0;
}

void log_output_close(struct log_output *output)
{
    if (output->target == LOG_TARGET_FILE) {
        close(output->fd);
        free(output->path);
    }
}

/* $JOURNAL_STREAM names device and inode of the journal's socket, as "device:inode". */
static bool is_journal(int fd)
{
    const char *stream = getenv("JOURNAL_STREAM");
    struct stat status;
    uintmax_t device;
    uintmax_t inode;
    char *end;

    if (stream == NULL || fstat(fd, &status) != 0) {
        return false;
    }
    device = strtoumax(stream, &end, 10);
    if (*end != ':') {
        return false;
    }
    inode = strtoumax(end + 1, NULL, 10);
    return device == status.st_dev && inode == status.st_ino;
}

bool log_output_wants_priority(const struct log_output *output)
{
    switch (output->target) {
    case LOG_TARGET_SYSLOG:
        return true;
    case LOG_TARGET_STDERR:
        return is_journal(output->fd);
    case LOG_TARGET_FILE:
        break;
    }
    return false;
}

/* Hands the lines to syslog(3) one by one; each starts with "<N>", its priority. */
static void write_syslog(const char *lines, size_t length)
{
    while (length > 0) {
        const char *end = memchr(lines, '\n', length);
        const char *text = lines + strlen("<N>");

        syslog(lines[1] - '0', "%.*s", (int)(end - text), text);
        length -= (size_t)(end + 1 - lines);
        lines = end + 1;
    }
}

/* A FIFO is in non-blocking mode, and standard error may be somebody else's pipe that is. */
static void wait_until_writable(int fd)
{
    struct pollfd wanted = {.fd = fd, .events = POLLOUT};

    poll(&wanted, 1, -1);
}

static int write_descriptor(int fd, const char *lines, size_t length, size_t *written)
{
    while (*written < length) {
        ssize_t count = write(fd, lines + *written, length - *written);

        if (count >= 0) {
            *written += (size_t)count;
        } else if (errno == EAGAIN) {
            wait_until_writable(fd);
        } else if (errno != EINTR) {
            return errno;
        }
    }
    return 0;
}

int log_output_write(struct log_output *output, const char *lines, size_t length, size_t *written)
{
    if (output->target == LOG_TARGET_SYSLOG) {
        write_syslog(lines + *written, length - *written);
        *written = length;
        return 0;
    }
    return write_descriptor(output->fd, lines, length, written);
}

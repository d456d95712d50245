/*
 * Reads a configuration file: a regular one of at most SOURCE_MAX_BYTES. Opening never blocks, so
 * that a FIFO or a device is an error and not a start that hangs.
 */
#include "config/source.h"

#include "config/errors.h"

#include <errno.h>
#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

static bool is_acceptable(int fd, struct config_errors *errors)
{
    struct stat status;

    if (fstat(fd, &status) != 0) {
        config_error(errors, 0, 0, "cannot examine the file: %s", strerror(errno));
        return false;
    }
    if (!S_ISREG(status.st_mode)) {
        config_error(errors, 0, 0, "not a regular file");
        return false;
    }
    return true;
}

/* Reads until the end or until `size` bytes are there. Returns -1 with errno set on failure. */
static ssize_t read_all(int fd, char *data, size_t size)
{
    size_t length = 0;

    while (length < size) {
        ssize_t count = read(fd, data + length, size - length);
        if (count == 0) {
            break;
        }
        if (count < 0 && errno != EINTR) {
            return -1;
        }
        length += count > 0 ? (size_t)count : 0;
    }
    return (ssize_t)length;
}

/* The size is judged by what is read: the file may grow while it is being read. */
static char *read_limited(int fd, size_t *length, struct config_errors *errors)
{
    char *data = malloc(SOURCE_MAX_BYTES + 1);
    ssize_t count = data != NULL ? read_all(fd, data, SOURCE_MAX_BYTES + 1) : -1;

    if (count < 0) {
        config_error(errors, 0, 0, "cannot read: %s", strerror(errno));
        goto fail;
    }
    if (count > SOURCE_MAX_BYTES) {
        config_error(errors, 0, 0, "larger than 1 MiB");
        goto fail;
    }
    *length = (size_t)count;
    return data;

fail:
    free(data);
    return NULL;
}

char *source_read(const char *path, size_t *length, struct config_errors *errors)
{
    char *data = NULL;
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        config_error(errors, 0, 0, "cannot open: %s%s", strerror(errno),
                     errno == ENOENT ? " (-c FILE names the file to read)" : "");
        return NULL;
    }
    if (is_acceptable(fd, errors)) {
        data = read_limited(fd, length, errors);
    }
    close(fd);
    return data;
}

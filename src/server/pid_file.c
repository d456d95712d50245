/*
 * Writing and removing the pid file.
 */
#include "server/pid_file.h"

#include "base/log.h"

#include <errno.h>
#include <fcntl.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

int pid_file_write(const char *path)
{
    int fd;
    int written;

    if (path == NULL) {
        return 0;
    }
    fd = open(path, O_WRONLY | O_CREAT | O_TRUNC | O_CLOEXEC | O_NOFOLLOW, 0644);
    written = fd >= 0 ? dprintf(fd, "%ld\n", (long)getpid()) : -1;
    if (written < 0) {
        log_error("cannot write pid_file", LOG_TEXT("path", path),
                  LOG_TEXT("error", strerror(errno)));
    }
    if (fd >= 0) {
        (void)close(fd);
    }
    return written < 0 ? -1 : 0;
}

void pid_file_remove(const char *path)
{
    if (path != NULL && unlink(path) != 0 && errno != ENOENT) {
        log_warning("cannot remove pid_file", LOG_TEXT("path", path),
                    LOG_TEXT("error", strerror(errno)));
    }
}

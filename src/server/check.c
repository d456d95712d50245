/*
 * Looking without touching: nothing is created, and nothing written.
 */
#include "server/check.h"

#include "base/file_access.h"
#include "config/config.h"
#include "config/errors.h"
#include "server/privileges.h"

#include <errno.h>
#include <fcntl.h>
#include <string.h>
#include <unistd.h>

/*
 * Opens a file as a start does, but never makes one, waits for nobody and changes nothing. Returns
 * 0, or an errno value.
 */
static int write_error(const char *path, int flags)
{
    int fd = open(path, O_WRONLY | O_APPEND | O_NONBLOCK | O_NOCTTY | O_CLOEXEC | flags);

    if (fd < 0) {
        return errno == ENOENT ? file_creatable(path) : errno;
    }
    (void)close(fd);
    return 0;
}

static void check_file(struct config_errors *errors, const char *key, const char *path, int flags)
{
    int error = path != NULL ? write_error(path, flags) : 0;

    if (error != 0) {
        config_value_error(errors, key, "cannot write \"%s\": %s", path, strerror(error));
    }
}

void server_check(const struct config *config, struct config_errors *errors)
{
    privileges_check(config, errors);
    check_file(errors, "pid_file", config->pid_file, O_NOFOLLOW);
    check_file(errors, "log.target", config->log.path, 0);
}

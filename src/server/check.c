/*
 * Looking without touching: nothing is created or opened for writing.
 */
#include "server/check.h"

#include "config/config.h"
#include "config/errors.h"
#include "server/privileges.h"

#include <errno.h>
#include <libgen.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

/* Whether a file could be written: it, or else the directory in which it would be made. */
static bool could_write(const char *path)
{
    char *copy;
    bool could;

    if (access(path, F_OK) == 0) {
        return access(path, W_OK) == 0;
    }
    if (errno != ENOENT) {
        return false;
    }
    copy = strdup(path);
    could = copy != NULL && access(dirname(copy), W_OK | X_OK) == 0;
    free(copy);
    return could;
}

static void check_file(struct config_errors *errors, const char *key, const char *path)
{
    if (path != NULL && !could_write(path)) {
        config_error(errors, 0, 0, "%s: cannot write \"%s\": %s", key, path, strerror(errno));
    }
}

void server_check(const struct config *config, struct config_errors *errors)
{
    privileges_check(config, errors);
    check_file(errors, "pid_file", config->pid_file);
    check_file(errors, "log.target", config->log.path);
}

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
#include <stdarg.h>
#include <stdio.h>
#include <string.h>
#include <unistd.h>

enum { KEY_BYTES = 128 };

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

/* ---- what a reload needs ---- */

static int read_error(const char *path)
{
    int fd = open(path, O_RDONLY | O_NONBLOCK | O_NOCTTY | O_CLOEXEC);

    if (fd < 0) {
        return errno;
    }
    (void)close(fd);
    return 0;
}

static const char later[] = "a reload, which does so as that user, will fail";

/* What is wrong for everybody is said elsewhere. */
static void __attribute__((format(printf, 4, 5)))
warn_if_unreadable(const struct config *config, struct config_errors *errors, const char *path,
                   const char *format, ...)
{
    char key[KEY_BYTES];
    va_list arguments;

    if (path != NULL && read_error(path) == EACCES) {
        va_start(arguments, format);
        vsnprintf(key, sizeof key, format, arguments);
        va_end(arguments);
        config_value_warning(errors, key, "user \"%s\" cannot read \"%s\": %s", config->user, path,
                             later);
    }
}

static void look_at_tls(const struct config *config, struct config_errors *errors, size_t index)
{
    const struct tls_config *tls = config->listeners[index].tls;

    for (size_t i = 0; i < tls->certificate_count; i++) {
        warn_if_unreadable(config, errors, tls->certificates[i].certificate,
                           "listeners[%zu].tls.certificates[%zu].certificate", index, i);
        warn_if_unreadable(config, errors, tls->certificates[i].private_key,
                           "listeners[%zu].tls.certificates[%zu].private_key", index, i);
    }
    warn_if_unreadable(config, errors, tls->client_ca, "listeners[%zu].tls.client_ca", index);
}

static void look_as_user(const struct config *config, struct config_errors *errors)
{
    const char *log = config->log.path;

    if (read_error(errors->file) == EACCES) {
        config_warning(errors, 0, 0, "user \"%s\" cannot read this file: %s", config->user, later);
    }
    for (size_t i = 0; i < config->listener_count; i++) {
        if (config->listeners[i].tls != NULL) {
            look_at_tls(config, errors, i);
        }
    }
    if (config->admin != NULL) {
        warn_if_unreadable(config, errors, config->admin->token_file, "admin.token_file");
    }
    if (log != NULL && write_error(log, 0) == EACCES) {
        config_value_warning(errors, "log.target", "user \"%s\" cannot write \"%s\": %s",
                             config->user, log, later);
    }
}

void server_check(const struct config *config, struct config_errors *errors)
{
    struct privileges_loan loan;

    privileges_check(config, errors);
    check_file(errors, "pid_file", config->pid_file, O_NOFOLLOW);
    check_file(errors, "log.target", config->log.path, 0);
    if (privileges_lend(&loan, config)) {
        look_as_user(config, errors);
        privileges_return(&loan);
    }
}

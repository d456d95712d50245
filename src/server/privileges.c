/*
 * User and group of the process.
 */
#include "server/privileges.h"

#include "base/log.h"
#include "config/config.h"
#include "config/errors.h"

#include <errno.h>
#include <grp.h>
#include <pwd.h>
#include <string.h>
#include <unistd.h>

static int fail(const char *what, const char *name)
{
    log_error("cannot change the user", LOG_TEXT("step", what), LOG_TEXT("name", name),
              LOG_TEXT("error", errno != 0 ? strerror(errno) : "there is none of that name"));
    return -1;
}

/* The group asked for, or else the user's own. */
static int find_group(const struct config *config, const struct passwd *user, gid_t *id)
{
    const struct group *group;

    if (config->group == NULL) {
        *id = user != NULL ? user->pw_gid : getgid();
        return 0;
    }
    group = getgrnam(config->group);
    if (group == NULL) {
        return fail("find group", config->group);
    }
    *id = group->gr_gid;
    return 0;
}

/* Groups first: a process that is no longer root may not change them. */
static int become(const struct config *config)
{
    const struct passwd *user = NULL;
    gid_t group_id;

    errno = 0;
    if (config->user != NULL && (user = getpwnam(config->user)) == NULL) {
        return fail("find user", config->user);
    }
    if (find_group(config, user, &group_id) != 0) {
        return -1;
    }
    if (user != NULL ? initgroups(config->user, group_id) != 0 : setgroups(1, &group_id) != 0) {
        return fail("set groups", config->user != NULL ? config->user : config->group);
    }
    if (setgid(group_id) != 0) {
        return fail("set group", config->group != NULL ? config->group : config->user);
    }
    return user == NULL || setuid(user->pw_uid) == 0 ? 0 : fail("set user", config->user);
}

int privileges_drop(const struct config *config)
{
    if (geteuid() != 0) {
        return 0; /* an unprivileged start keeps the user that it was given */
    }
    if ((config->user != NULL || config->group != NULL) && become(config) != 0) {
        return -1;
    }
    if (geteuid() == 0) {
        log_warning("serving as root: set user, or start as another one");
    }
    return 0;
}

void privileges_check(const struct config *config, struct config_errors *errors)
{
    if (config->user != NULL && getpwnam(config->user) == NULL) {
        config_value_error(errors, "user", "there is no user \"%s\"", config->user);
    }
    if (config->group != NULL && getgrnam(config->group) == NULL) {
        config_value_error(errors, "group", "there is no group \"%s\"", config->group);
    }
}

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
#include <stdlib.h>
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

/* ---- for a while ---- */

/* Returns false when there is no such user or group, or none is named. */
static bool find_ids(const struct config *config, uid_t *user_id, gid_t *group_id)
{
    const struct passwd *user = config->user != NULL ? getpwnam(config->user) : NULL;
    const struct group *group = config->group != NULL ? getgrnam(config->group) : NULL;

    if (user == NULL || (group == NULL && config->group != NULL)) {
        return false;
    }
    *user_id = user->pw_uid;
    *group_id = group != NULL ? group->gr_gid : user->pw_gid;
    return true;
}

static bool note_groups(struct privileges_loan *loan)
{
    int count = getgroups(0, NULL);

    loan->group_id = getegid();
    loan->groups = count >= 0 ? calloc((size_t)count + 1, sizeof *loan->groups) : NULL;
    loan->group_count = loan->groups != NULL ? getgroups(count, loan->groups) : -1;
    return loan->group_count >= 0;
}

bool privileges_lend(struct privileges_loan *loan, const struct config *config)
{
    uid_t user_id;
    gid_t group_id;

    if (geteuid() != 0 || !find_ids(config, &user_id, &group_id) || user_id == 0) {
        return false;
    }
    if (!note_groups(loan)) {
        free(loan->groups);
        return false;
    }
    if (initgroups(config->user, group_id) != 0 || setegid(group_id) != 0 ||
        seteuid(user_id) != 0) {
        privileges_return(loan);
        return false;
    }
    return true;
}

/* The saved user is root's still, who may. */
void privileges_return(struct privileges_loan *loan)
{
    if (seteuid(0) != 0 || setegid(loan->group_id) != 0) {
        abort();
    }
    (void)setgroups((size_t)loan->group_count, loan->groups);
    free(loan->groups);
}

/* ---- looking ---- */

void privileges_check(const struct config *config, struct config_errors *errors)
{
    if (config->user != NULL && getpwnam(config->user) == NULL) {
        config_value_error(errors, "user", "there is no user \"%s\"", config->user);
    }
    if (config->group != NULL && getgrnam(config->group) == NULL) {
        config_value_error(errors, "group", "there is no group \"%s\"", config->group);
    }
}

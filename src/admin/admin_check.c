/*
 * Looking at the admin listener's settings without opening anything.
 */
#include "admin/admin.h"
#include "config/address_syntax.h"
#include "config/config.h"
#include "config/errors.h"
#include "net/address.h"
#include "net/unix_socket.h"

#include <stdio.h>
#include <sys/un.h>

static void check_address(const char *text, size_t index, struct config_errors *errors)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *problem = NULL;
    bool passed = address_syntax_passed_name(text) != NULL;
    size_t count = passed ? 0 : address_resolve(text, results, &problem);
    char path[64];

    if (count > 0 && results[0].storage.ss_family == AF_UNIX) {
        problem = unix_socket_problem(((const struct sockaddr_un *)&results[0].storage)->sun_path);
    }
    if (problem != NULL) {
        snprintf(path, sizeof path, "admin.address[%zu]", index);
        config_value_error(errors, path, "\"%s\": %s", text, problem);
    }
}

static void report(struct config_errors *errors, const char *path, const char *problem)
{
    if (problem != NULL) {
        config_value_error(errors, path, "%s", problem);
    }
}

static void check_token(const char *path, struct config_errors *errors)
{
    struct token token;
    bool exposed;
    const char *problem = token_read(&token, path, &exposed);

    token_forget(&token);
    if (problem != NULL) {
        config_value_error(errors, "admin.token_file", "cannot use \"%s\": %s", path, problem);
    } else if (exposed) {
        config_value_warning(errors, "admin.token_file",
                             "everybody on this machine can read \"%s\"", path);
    }
}

void admin_check(const struct config *config, struct config_errors *errors)
{
    const struct admin_config *admin = config->admin;
    uid_t user;
    gid_t group;

    if (admin == NULL) {
        return;
    }
    for (size_t i = 0; i < admin->listener.addresses.count; i++) {
        check_address(admin->listener.addresses.items[i], i, errors);
    }
    report(errors, "admin.owner", unix_socket_find_user(admin->listener.owner, &user));
    report(errors, "admin.group", unix_socket_find_group(admin->listener.group, &group));
    if (admin->token_file != NULL) {
        check_token(admin->token_file, errors);
    }
}

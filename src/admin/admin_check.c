/*
 * Looking at the admin listener's settings without opening anything. Its addresses and owners are
 * looked at with those of the others: net/listener_check.h.
 */
#include "admin/admin.h"
#include "config/address_syntax.h"
#include "config/config.h"
#include "config/errors.h"
#include "net/address.h"

#include <stdio.h>

/* Warns of a port that other machines reach. What systemd passes is not known yet. */
static void check_reach(const char *text, size_t index, struct config_errors *errors)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *problem;
    bool passed = address_syntax_passed_name(text) != NULL;
    size_t count = passed ? 0 : address_resolve(text, results, &problem);
    size_t i = 0;
    char path[64];

    while (i < count && address_is_local(&results[i])) {
        i++;
    }
    if (i < count) {
        snprintf(path, sizeof path, "admin.address[%zu]", index);
        config_value_warning(errors, path,
                             "\"%s\" can be reached from other machines, and neither its answers "
                             "nor its token are encrypted: let a proxy or a firewall guard it",
                             text);
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

    if (admin == NULL) {
        return;
    }
    for (size_t i = 0; i < admin->listener.addresses.count; i++) {
        check_reach(admin->listener.addresses.items[i], i, errors);
    }
    if (admin->token_file != NULL) {
        check_token(admin->token_file, errors);
    }
}

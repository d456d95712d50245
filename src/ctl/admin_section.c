/*
 * Looking up two keys in a configuration.
 */
#include "ctl/admin_section.h"

#include "config/address_syntax.h"
#include "config/errors.h"
#include "config/expand.h"
#include "config/source.h"
#include "config/tree.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* The text with its variables replaced, to be freed, or NULL. */
static char *text_of(const struct node *node)
{
    char problem[EXPAND_PROBLEM_BYTES];

    return node != NULL && node->type == NODE_SCALAR ? expand_variables(node->text, problem) : NULL;
}

/* One that can be connected to: not what systemd has opened, whose address nobody knows here. */
static bool is_usable(const char *address)
{
    return address != NULL && address_syntax_problem(address) == NULL &&
           address_syntax_passed_name(address) == NULL;
}

/* Takes an address unless there is a better one; a unix socket is better, what comes first, too. */
static void consider(struct admin_section *section, char *address)
{
    if (is_usable(address) &&
        (section->address == NULL ||
         (address_syntax_is_unix(address) && !address_syntax_is_unix(section->address)))) {
        free(section->address);
        section->address = address;
    } else {
        free(address);
    }
}

static void look(const struct node *root, struct admin_section *section)
{
    const struct node *admin = node_child(root, "admin");
    const struct node *addresses = node_child(admin, "address");

    if (addresses == NULL) {
        return;
    }
    consider(section, text_of(addresses));
    for (size_t i = 0; addresses->type == NODE_SEQUENCE && i < addresses->count; i++) {
        consider(section, text_of(addresses->children[i]));
    }
    if (section->address != NULL && !address_syntax_is_unix(section->address)) {
        section->token_file = text_of(node_child(admin, "token_file"));
    }
}

/* The first error, or that there is no address. */
static void explain(const struct config_errors *errors, char *problem, size_t problem_bytes)
{
    for (size_t i = 0; i < errors->message_count; i++) {
        if (errors->messages[i].is_error) {
            snprintf(problem, problem_bytes, "%s", errors->messages[i].text);
            return;
        }
    }
    snprintf(problem, problem_bytes, "%s has no admin.address to connect to", errors->file);
}

bool admin_section_read(const char *path, struct admin_section *section, char *problem,
                        size_t problem_bytes)
{
    struct config_errors errors;
    size_t length;
    char *data;
    struct node *root;

    *section = (struct admin_section){.address = NULL};
    config_errors_init(&errors, path);
    data = source_read(path, &length, &errors);
    root = data != NULL ? tree_parse(data, length, &errors) : NULL;
    if (root != NULL) {
        look(root, section);
    }
    if (section->address == NULL) {
        explain(&errors, problem, problem_bytes);
    }
    tree_free(root);
    free(data);
    config_errors_free(&errors);
    return section->address != NULL;
}

void admin_section_free(struct admin_section *section)
{
    free(section->address);
    free(section->token_file);
}

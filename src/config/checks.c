/*
 * The checks between keys, and those that see more than one element of a list.
 */
#include "config/checks.h"

#include "config/address_syntax.h"
#include "config/reader.h"
#include "config/shadows.h"

#include <stdlib.h>
#include <string.h>

bool listener_has_unix_address(const void *object)
{
    const struct listener_config *listener = object;

    for (size_t i = 0; i < listener->addresses.count; i++) {
        if (address_syntax_is_unix(listener->addresses.items[i])) {
            return true;
        }
    }
    return false;
}

bool listener_has_internet_address(const void *object)
{
    const struct listener_config *listener = object;

    for (size_t i = 0; i < listener->addresses.count; i++) {
        if (!address_syntax_is_unix(listener->addresses.items[i])) {
            return true;
        }
    }
    return false;
}

void check_tls(struct reader *reader, struct node *node, void *object)
{
    const struct tls_config *tls = object;

    if (tls->client_auth != CLIENT_AUTH_NONE && node_child(node, "client_ca") == NULL) {
        reader_error(reader, node_child(node, "client_auth"),
                     "needs client_ca, the certificate that the clients' are checked against");
    }
}

/* The elements before this one have been read: the nodes' names are the listeners'. */
void check_listener(struct reader *reader, struct node *node, void *object)
{
    const struct listener_config *listener = object;
    const struct node *list = node->parent;

    for (size_t i = 0; listener->name != NULL && i < node->index; i++) {
        const struct node *name = node_child(list->children[i], "name");
        if (name != NULL && name->type == NODE_SCALAR && strcmp(name->text, listener->name) == 0) {
            reader_error(reader, node_child(node, "name"),
                         "\"%.64s\" is also the name of listeners[%zu]", listener->name, i);
            return;
        }
    }
}

/* A raw member has no envelope in which it could be told that messages are missing. */
static void check_policy(struct reader *reader, const struct node *node,
                         const struct route_config *route)
{
    struct node *policy = node_child(node_child(node, "send_queue"), "policy");

    if (route->settings.send_queue_policy != QUEUE_POLICY_DROP || route->handler == NULL) {
        return;
    }
    if (policy == NULL) {
        policy = node_at(reader->root, "defaults.send_queue.policy");
    }
    reader_error(reader, policy,
                 "\"drop\" would lose messages silently: the clients of the handler %s cannot be "
                 "told of a gap (write close)",
                 route->handler->name);
}

void check_route(struct reader *reader, struct node *node, void *object)
{
    struct route_config *route = object;

    route->line = node->line;
    check_policy(reader, node, route);
    if (route->path != NULL && route->handler_settings != NULL && route->handler->check != NULL) {
        reader->errors->handler = node_child(node, "handler");
        route->handler->check(route, reader->errors);
        reader->errors->handler = NULL;
    }
}

static void warn_of_shadow(struct reader *reader, const struct config *config, size_t later,
                           size_t earlier)
{
    const struct node *route = node_child(reader->root, "routes")->children[later];
    const struct node *path = node_child(route, "path");

    config_warning(reader->errors, path->line, path->column,
                   "routes[%zu].path: never matches: routes[%zu] (line %d) takes all that it could",
                   later, earlier, config->routes[earlier].line);
}

void check_shadowed_routes(struct reader *reader, const struct config *config)
{
    size_t *first = calloc(config->route_count, sizeof *first);

    if (first == NULL || !shadows_find(config, first)) {
        config_error(reader->errors, 0, 0, "out of memory");
        free(first);
        return;
    }
    for (size_t i = 0; i < config->route_count; i++) {
        if (first[i] < i) {
            warn_of_shadow(reader, config, i, first[i]);
        }
    }
    free(first);
}

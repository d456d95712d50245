/*
 * What the rows of the schema cannot say: how keys depend on each other.
 */
#ifndef WSRELAYD_CONFIG_CHECKS_H
#define WSRELAYD_CONFIG_CHECKS_H

#include <stdbool.h>

struct config;
struct node;
struct reader;

/* Whether a struct listener_config has an address that is a unix socket. */
bool listener_has_unix_address(const void *object);

/* Whether it has one that is none. */
bool listener_has_internet_address(const void *object);

/* Of one struct tls_config, listener_config, route_config: called when its rows have been read. */
void check_tls(struct reader *reader, struct node *node, void *object);
void check_listener(struct reader *reader, struct node *node, void *object);
void check_route(struct reader *reader, struct node *node, void *object);

/* Of the whole, which is complete and in order: warnings about routes that can never match. */
void check_shadowed_routes(struct reader *reader, const struct config *config);

#endif

/*
 * What can be told of one connection, on its own thread.
 */
#ifndef WSRELAYD_ADMIN_CONNECTION_FACTS_H
#define WSRELAYD_ADMIN_CONNECTION_FACTS_H

#include "base/slice.h"
#include "net/conn.h"

#include <jansson.h>
#include <netinet/in.h>
#include <stdbool.h>

/* The room that it is in; false: none. The slices are good while it is. */
bool connection_room(const struct conn *conn, struct slice *namespace, struct slice *name);

/* The peer's address without the port; "unix" for a unix socket. */
enum { CONNECTION_ADDRESS_BYTES = INET6_ADDRSTRLEN };
void connection_address(const struct conn *conn, char text[CONNECTION_ADDRESS_BYTES]);

/* The route's host, if it has one, then its path, as configured; NULL: it has no route yet. */
const char *connection_route(const struct conn *conn);

/* All of it, as GET /v1/connections shows it. NULL when memory is short. */
json_t *connection_json(struct conn *conn);

/* "W-N": a connection's worker and number. */
bool connection_id_parse(struct slice id, unsigned *worker, uint64_t *number);

/* Bytes as a JSON string, or null if they are not UTF-8. */
json_t *text_json(struct slice text);

#endif

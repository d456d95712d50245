/*
 * Which connections a new configuration does not want to keep, because their route or listener is
 * another, or gone, and it says `on_reload: close` for them. Immutable; any thread.
 */
#ifndef WSRELAYD_NET_OUTDATED_H
#define WSRELAYD_NET_OUTDATED_H

#include "net/listener_set.h"
#include "net/snapshot.h"

#include <stdbool.h>

struct conn;
struct outdated;

/*
 * What connections are compared with; holds what it needs of `snapshot`, and copies what it needs
 * of `set`. *outdated is NULL where the configuration keeps every connection. False when memory is
 * short.
 */
bool outdated_create(struct outdated **outdated, struct snapshot *snapshot,
                     const struct listener_set *set);
void outdated_free(struct outdated *outdated); /* NULL is allowed */

/* Whether the connection, which is not closing yet, is to be closed. Its thread. */
bool outdated_has(const struct outdated *outdated, const struct conn *conn);

#endif

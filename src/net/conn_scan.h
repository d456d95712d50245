/*
 * Looking at all connections of a loop in pieces, a bounded number in a turn. Every connection that
 * lives when a scan begins is visited exactly once: one that dies before its turn comes is visited
 * at its death. One that is made meanwhile is visited once or not at all. The loop's thread only,
 * between callbacks.
 */
#ifndef WSRELAYD_NET_CONN_SCAN_H
#define WSRELAYD_NET_CONN_SCAN_H

#include "base/list.h"

#include <stdbool.h>
#include <stddef.h>

struct conn;
struct loop;
struct conn_scan;

/* May end the connection. One in CONN_DEAD is only to be looked at. */
typedef void conn_scan_visit(struct conn_scan *scan, struct conn *conn);

struct conn_scan {
    struct list_node node;      /* on the loop's scans while it is under way */
    struct list_node *position; /* the next connection's node, or at the end the list's head */
    conn_scan_visit *visit;
};

void conn_scan_begin(struct loop *loop, struct conn_scan *scan, conn_scan_visit *visit);

/* Visits at most `limit`. Returns true when all have been visited: the scan has ended. */
bool conn_scan_step(struct loop *loop, struct conn_scan *scan, size_t limit);

/* Ends a scan before that; not from a visit. */
void conn_scan_end(struct conn_scan *scan);

/* The connection is about to leave the loop's list. */
void conn_scan_leaving(struct loop *loop, struct conn *conn);

#endif

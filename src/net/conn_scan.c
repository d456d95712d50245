/*
 * Scans. Connections are on the loop's list in the order of their numbers, so that a number tells
 * whether its connection has been visited.
 */
#include "net/conn_scan.h"

#include "net/conn.h"
#include "net/loop.h"

void conn_scan_begin(struct loop *loop, struct conn_scan *scan, conn_scan_visit *visit)
{
    *scan = (struct conn_scan){.position = loop->connections.next, .visit = visit};
    list_append(&loop->scans, &scan->node);
}

void conn_scan_end(struct conn_scan *scan)
{
    list_remove(&scan->node);
}

bool conn_scan_step(struct loop *loop, struct conn_scan *scan, size_t limit)
{
    while (scan->position != &loop->connections) {
        struct conn *conn = container_of(scan->position, struct conn, node);

        if (limit-- == 0) {
            return false;
        }
        scan->position = scan->position->next; /* first: the visit may end the connection */
        scan->visit(scan, conn);
    }
    conn_scan_end(scan);
    return true;
}

static bool is_visited(const struct loop *loop, const struct conn_scan *scan,
                       const struct conn *conn)
{
    return scan->position == &loop->connections ||
           conn->number < container_of(scan->position, struct conn, node)->number;
}

void conn_scan_leaving(struct loop *loop, struct conn *conn)
{
    for (struct list_node *node = loop->scans.next; node != &loop->scans; node = node->next) {
        struct conn_scan *scan = container_of(node, struct conn_scan, node);

        if (is_visited(loop, scan, conn)) {
            continue;
        }
        if (scan->position == &conn->node) {
            scan->position = conn->node.next;
        }
        scan->visit(scan, conn);
    }
}

/*
 * A scan of a worker's connections, as much of it in one turn as holds up nobody.
 */
#ifndef WSRELAYD_ADMIN_PACED_SCAN_H
#define WSRELAYD_ADMIN_PACED_SCAN_H

#include "net/conn_scan.h"

#include <stdbool.h>
#include <stddef.h>

/* Goes on with a scan, whose visits count in *acted what costs more than a look. Returns true when
 * it has ended. */
bool paced_scan_step(struct loop *loop, struct conn_scan *scan, const size_t *acted);

#endif

/*
 * The process's limit of open descriptors.
 */
#ifndef WSRELAYD_SERVER_DESCRIPTORS_H
#define WSRELAYD_SERVER_DESCRIPTORS_H

#include <stdint.h>

/* Kept free of connections, so that logs and everything else that opens files keeps working. */
enum { DESCRIPTORS_RESERVE = 32 };

/* Raises the soft limit to the hard one. */
void descriptors_raise_limit(void);

/*
 * How many connections the limit leaves room for beside the reserve and what is open now, of which
 * `open_connections` are connections; at most `wanted`. A lower number is logged as a warning.
 */
uint32_t descriptors_for_connections(uint32_t wanted, uint32_t open_connections);

#endif

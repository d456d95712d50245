/*
 * How many processors this process may use.
 */
#ifndef WSRELAYD_SERVER_CPUS_H
#define WSRELAYD_SERVER_CPUS_H

/* Processors in the affinity mask, or fewer if the cgroup's quota (v2) allows fewer; at least 1. */
unsigned cpus_available(void);

#endif

/*
 * What all workers together have counted.
 */
#ifndef WSRELAYD_SERVER_STATISTICS_H
#define WSRELAYD_SERVER_STATISTICS_H

struct worker;

/* Writes the sums, and the connections that were closed unread, as one line: "stopped". */
void statistics_log(struct worker *const *workers, unsigned count, unsigned long denied);

#endif

/*
 * What the kernel says of this process.
 */
#ifndef WSRELAYD_ADMIN_PROCESS_H
#define WSRELAYD_ADMIN_PROCESS_H

#include <stdint.h>

struct process {
    uint64_t resident_bytes;
    uint64_t open_files;
    uint64_t open_files_limit; /* the soft one */
    double cpu_seconds;        /* user and system, all threads */
};

/* What cannot be found out is 0. */
void process_look(struct process *process);

#endif

/*
 * What another process has used: CPU time and memory, as the kernel counts them.
 * Each function ends the program with a message when the process cannot be looked at.
 */
#ifndef WSRELAYD_BENCH_PROCESS_H
#define WSRELAYD_BENCH_PROCESS_H

#include <stdint.h>
#include <sys/types.h>

struct process_usage {
    uint64_t cpu_ns;  /* of all its threads, the ended ones too */
    uint64_t wait_ns; /* that its threads were ready to run and something else had the core */
};

struct process_usage process_usage_now(pid_t pid);

/* Exact, unlike VmRSS, which the kernel sums up in batches. */
uint64_t process_resident_bytes(pid_t pid);

/* The most that was ever resident since process_reset_peak. */
uint64_t process_peak_bytes(pid_t pid);
void process_reset_peak(pid_t pid);

/* Returns when the process has used no CPU time for a tenth of a second. */
void process_wait_until_quiet(pid_t pid);

/* Lets this process open as many descriptors as it may. */
void process_raise_descriptor_limit(void);

#endif

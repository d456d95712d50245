/*
 * What another process has used: CPU time and memory, as the kernel counts them.
 */
#ifndef WSRELAYD_BENCH_PROCESS_H
#define WSRELAYD_BENCH_PROCESS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/types.h>

enum { PROCESS_THREADS_MAX = 128 };

struct process_thread {
    pid_t id;
    uint64_t cpu_ns;
    uint64_t wait_ns; /* that it was ready to run and something else had the core */
};

struct process_usage {
    bool known;       /* false: there is no such process (any more) */
    uint64_t cpu_ns;  /* of all its threads, the ended ones too */
    uint64_t wait_ns; /* of those that live */
    struct process_thread threads[PROCESS_THREADS_MAX];
    size_t thread_count;
};

struct process_usage process_usage_now(pid_t pid);

/* How long the thread that did so longest ran or wanted to run between two moments. */
uint64_t process_busiest_ns(const struct process_usage *from, const struct process_usage *to);

/* Exact, unlike VmRSS, which the kernel sums up in batches. Negative: this process may not know. */
int64_t process_resident_bytes(pid_t pid);

/* The most that was ever resident since process_reset_peak, likewise. */
int64_t process_peak_bytes(pid_t pid);
void process_reset_peak(pid_t pid);

/* Returns when the process has used no CPU time for a tenth of a second, or has not for long. */
void process_wait_until_quiet(pid_t pid);

/* Lets this process open as many descriptors as it may. */
void process_raise_descriptor_limit(void);

#endif

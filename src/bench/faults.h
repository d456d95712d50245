/*
 * What went wrong: how often, by kind, and the first of it in a sentence. Shared by all threads.
 */
#ifndef WSRELAYD_BENCH_FAULTS_H
#define WSRELAYD_BENCH_FAULTS_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdint.h>

enum fault {
    FAULT_REFUSED, /* a connection that did not come about */
    FAULT_LOST,    /* a message that did not come */
    FAULT_WRONG,   /* anything that should not have come */
    FAULT_CLOSED,  /* a connection that the server ended */
    FAULT_TIMEOUT, /* a connection that got no further for too long */
    FAULT_KINDS,
};

/* As they are called in the report. */
extern const char *const fault_names[FAULT_KINDS];

enum { FAULT_SENTENCE_MAX = 320 };

struct faults {
    _Atomic uint64_t counts[FAULT_KINDS];
    pthread_mutex_t lock;
    char first[FAULT_SENTENCE_MAX]; /* under lock; empty while there is none */
};

void faults_init(struct faults *faults);

/* Counts `count` (none counts nothing) and keeps the sentence if it is the first one. */
void faults_add(struct faults *faults, enum fault fault, uint64_t count, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

uint64_t faults_total(const struct faults *faults);

#endif

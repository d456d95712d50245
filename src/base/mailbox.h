/*
 * A mailbox: many threads post, one thread takes. Mail arrives in the order in which it was
 * posted. The receiver waits on a descriptor that is written only when the box turns from empty
 * to non-empty, so a batch costs one wake-up.
 */
#ifndef WSRELAYD_BASE_MAILBOX_H
#define WSRELAYD_BASE_MAILBOX_H

#include <pthread.h>
#include <stdatomic.h>
#include <stdbool.h>

/* Lives inside what is posted. The receiver calls `deliver` and the mail is then the callee's. */
struct mail {
    struct mail *next;
    void (*deliver)(struct mail *mail, void *receiver);
};

struct mailbox {
    pthread_mutex_t lock;
    struct mail *first; /* under lock */
    struct mail **last; /* under lock: where the next mail's address goes */
    atomic_bool filled; /* written under lock: whether there is a first; read without it */
    int wake_fd;        /* eventfd, non-blocking, close-on-exec */
};

/* Returns 0, or an errno value. */
int mailbox_init(struct mailbox *box);

/* Closes the descriptor. What is still inside is the caller's to have taken before. */
void mailbox_destroy(struct mailbox *box);

/* Any thread. `mail` belongs to the box until it is delivered. */
void mailbox_post(struct mailbox *box, struct mail *mail);

/*
 * The receiver's thread. Takes everything that is there at this moment and delivers it in order,
 * `receiver` being handed through; mail posted meanwhile waits for the next call and keeps the
 * descriptor readable. Returns whether there was any. An empty box costs one look.
 */
bool mailbox_drain(struct mailbox *box, void *receiver);

#endif

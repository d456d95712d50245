/*
 * The mailbox. The descriptor is written and read under the lock, so that it is readable exactly
 * while there is mail: no wake-up is lost, none is for nothing.
 */
#include "base/mailbox.h"

#include <errno.h>
#include <stddef.h>
#include <sys/eventfd.h>
#include <unistd.h>

static void make_empty(struct mailbox *box)
{
    box->first = NULL;
    box->last = &box->first;
    atomic_store_explicit(&box->filled, false, memory_order_relaxed);
}

int mailbox_init(struct mailbox *box)
{
    int error = pthread_mutex_init(&box->lock, NULL);

    if (error != 0) {
        return error;
    }
    make_empty(box);
    box->wake_fd = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
    if (box->wake_fd < 0) {
        error = errno;
        pthread_mutex_destroy(&box->lock);
        return error;
    }
    return 0;
}

void mailbox_destroy(struct mailbox *box)
{
    close(box->wake_fd);
    pthread_mutex_destroy(&box->lock);
}

void mailbox_post(struct mailbox *box, struct mail *mail)
{
    mail->next = NULL;
    pthread_mutex_lock(&box->lock);
    if (box->first == NULL) {
        /* First, so that who is woken before this thread goes on waits for the lock, and does not
         * find nothing over and over again. */
        atomic_store_explicit(&box->filled, true, memory_order_relaxed);
        /* Cannot fail: the counter is 0 here, and only its overflow is an error. */
        eventfd_write(box->wake_fd, 1);
    }
    *box->last = mail;
    box->last = &mail->next;
    pthread_mutex_unlock(&box->lock);
}

/* Empties the box and returns the first of its mail. */
static struct mail *take_all(struct mailbox *box)
{
    struct mail *first;
    eventfd_t posted;

    pthread_mutex_lock(&box->lock);
    first = box->first;
    if (first != NULL) {
        eventfd_read(box->wake_fd, &posted);
        make_empty(box);
    }
    pthread_mutex_unlock(&box->lock);
    return first;
}

bool mailbox_drain(struct mailbox *box, void *receiver)
{
    bool any = atomic_load_explicit(&box->filled, memory_order_relaxed);
    struct mail *mail = any ? take_all(box) : NULL;

    while (mail != NULL) {
        struct mail *next = mail->next;

        mail->deliver(mail, receiver);
        mail = next;
    }
    return any;
}

/*
 * A list of names: there are as many as the configurations of this process have had listeners.
 */
#include "net/accept_count.h"

#include <pthread.h>
#include <stdatomic.h>
#include <stdlib.h>
#include <string.h>

struct accept_count {
    struct accept_count *next; /* under lock */
    unsigned references;       /* under lock */
    _Atomic uint64_t accepted;
    _Atomic uint64_t present;
    char name[];
};

static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
static struct accept_count *first; /* under lock */

/* Where the link to the one with this name is, or is to be. */
static struct accept_count **find(const char *name)
{
    struct accept_count **link = &first;

    while (*link != NULL && strcmp((*link)->name, name) != 0) {
        link = &(*link)->next;
    }
    return link;
}

static struct accept_count *make(const char *name)
{
    size_t bytes = strlen(name) + 1;
    struct accept_count *count = calloc(1, sizeof *count + bytes);

    if (count != NULL) {
        memcpy(count->name, name, bytes);
    }
    return count;
}

struct accept_count *accept_count_hold(const char *name)
{
    struct accept_count **link;
    struct accept_count *count;

    (void)pthread_mutex_lock(&lock);
    link = find(name);
    if (*link == NULL) {
        *link = make(name);
    }
    count = *link;
    if (count != NULL) {
        count->references++;
    }
    (void)pthread_mutex_unlock(&lock);
    return count;
}

void accept_count_release(struct accept_count *count)
{
    struct accept_count **link;

    (void)pthread_mutex_lock(&lock);
    if (--count->references == 0 && accept_count_read(count) == 0) {
        link = find(count->name);
        *link = count->next;
        free(count);
    }
    (void)pthread_mutex_unlock(&lock);
}

void accept_count_increase(struct accept_count *count)
{
    atomic_fetch_add_explicit(&count->accepted, 1, memory_order_relaxed);
}

uint64_t accept_count_read(const struct accept_count *count)
{
    return atomic_load_explicit(&count->accepted, memory_order_relaxed);
}

void accept_count_enter(struct accept_count *count)
{
    atomic_fetch_add_explicit(&count->present, 1, memory_order_relaxed);
}

void accept_count_leave(struct accept_count *count)
{
    atomic_fetch_sub_explicit(&count->present, 1, memory_order_relaxed);
}

uint64_t accept_count_present(const struct accept_count *count)
{
    return atomic_load_explicit(&count->present, memory_order_relaxed);
}

void accept_count_visit(accept_count_visitor *visit, void *argument)
{
    (void)pthread_mutex_lock(&lock);
    for (const struct accept_count *count = first; count != NULL; count = count->next) {
        visit(argument, count->name, count);
    }
    (void)pthread_mutex_unlock(&lock);
}

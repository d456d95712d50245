/*
 * A queue whose links live inside the objects that are queued: one pointer each. An object can be
 * asked whether it is on a queue; it leaves only when its turn has come.
 */
#ifndef WSRELAYD_BASE_QUEUE_H
#define WSRELAYD_BASE_QUEUE_H

#include <stdbool.h>
#include <stddef.h>

/* Zero-filled: on no queue. */
struct queue_node {
    struct queue_node *next; /* of the last one: itself */
};

/* Zero-filled: empty. */
struct queue {
    struct queue_node *first; /* NULL: empty */
    struct queue_node *last;  /* meaningless while empty */
};

static inline bool queue_empty(const struct queue *queue)
{
    return queue->first == NULL;
}

/* Whether the node is on a queue. */
static inline bool queue_holds(const struct queue_node *node)
{
    return node->next != NULL;
}

/* The node must be on no queue. */
static inline void queue_append(struct queue *queue, struct queue_node *node)
{
    if (queue->first == NULL) {
        queue->first = node;
    } else {
        queue->last->next = node;
    }
    queue->last = node;
    node->next = node;
}

/* Removes and returns the first node, or NULL when the queue is empty. */
static inline struct queue_node *queue_take_first(struct queue *queue)
{
    struct queue_node *first = queue->first;

    if (first != NULL) {
        queue->first = first->next != first ? first->next : NULL;
        first->next = NULL;
    }
    return first;
}

/* Returns everything that is on the queue as a queue of its own, and leaves it empty. */
static inline struct queue queue_take_all(struct queue *queue)
{
    struct queue taken = *queue;

    *queue = (struct queue){NULL, NULL};
    return taken;
}

#endif

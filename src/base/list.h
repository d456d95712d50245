/*
 * A circular, doubly linked list whose links live inside the objects that are listed. A head is
 * a node of its own. A node that is on no list points at itself, so it can be removed twice.
 */
#ifndef WSRELAYD_BASE_LIST_H
#define WSRELAYD_BASE_LIST_H

#include <stdbool.h>
#include <stddef.h>

struct list_node {
    struct list_node *previous;
    struct list_node *next;
};

/* The object that contains `node` as its member `member`. */
#define container_of(node, type, member) ((type *)(void *)((char *)(node)-offsetof(type, member)))

static inline void list_init(struct list_node *node)
{
    node->previous = node;
    node->next = node;
}

static inline bool list_empty(const struct list_node *head)
{
    return head->next == head;
}

static inline void list_append(struct list_node *head, struct list_node *node)
{
    node->previous = head->previous;
    node->next = head;
    head->previous->next = node;
    head->previous = node;
}

static inline void list_remove(struct list_node *node)
{
    node->previous->next = node->next;
    node->next->previous = node->previous;
    list_init(node);
}

/* Moves everything on `from` to `to`, which is overwritten; `from` is empty afterwards. */
static inline void list_take_all(struct list_node *to, struct list_node *from)
{
    if (list_empty(from)) {
        list_init(to);
        return;
    }
    *to = *from;
    to->next->previous = to;
    to->previous->next = to;
    list_init(from);
}

/* Removes and returns the first node, or NULL when the list is empty. */
static inline struct list_node *list_take_first(struct list_node *head)
{
    struct list_node *first = head->next;

    if (first == head) {
        return NULL;
    }
    list_remove(first);
    return first;
}

#endif

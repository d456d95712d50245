/*
 * Messages that wait to be sent back, in the order in which they came. What it may hold is for the
 * owner to keep to: it is told when there is enough.
 */
#ifndef WSRELAYD_HANDLERS_ECHO_QUEUE_H
#define WSRELAYD_HANDLERS_ECHO_QUEUE_H

#include "base/queue.h"
#include "handlers/handler.h"

struct echo_queue_limits {
    uint32_t messages;
    size_t bytes; /* of their payloads */
};

struct held_message {
    struct queue_node node;
    int64_t due_ms;  /* when it may go */
    uint32_t copies; /* that are still to be sent */
    bool is_last;    /* the connection is closed behind it */
    enum message_type type;
    size_t length;
    uint8_t bytes[];
};

/* Zero-filled: empty. */
struct echo_queue {
    struct queue messages;
    uint32_t count;
    size_t bytes;
};

/* Copies a message to the end. Returns it, to be completed; NULL when memory is short. */
struct held_message *echo_queue_append(struct echo_queue *queue, enum message_type type,
                                       const uint8_t *bytes, size_t length);

/* The first message, or NULL. */
struct held_message *echo_queue_first(const struct echo_queue *queue);

/* Frees the first message, which there must be; frees all. */
void echo_queue_drop_first(struct echo_queue *queue);
void echo_queue_clear(struct echo_queue *queue);

/* Whether a limit has been reached. */
bool echo_queue_full(const struct echo_queue *queue, const struct echo_queue_limits *limits);

#endif

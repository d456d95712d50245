/*
 * Messages that wait to be sent back.
 */
#include "handlers/echo_queue.h"

#include "base/list.h"

#include <stdlib.h>
#include <string.h>

struct held_message *echo_queue_append(struct echo_queue *queue, enum message_type type,
                                       const uint8_t *bytes, size_t length)
{
    struct held_message *message = malloc(sizeof *message + length);

    if (message == NULL) {
        return NULL;
    }
    *message = (struct held_message){.type = type, .length = length};
    if (length > 0) {
        memcpy(message->bytes, bytes, length);
    }
    queue_append(&queue->messages, &message->node);
    queue->count++;
    queue->bytes += length;
    return message;
}

struct held_message *echo_queue_first(const struct echo_queue *queue)
{
    return queue_empty(&queue->messages)
               ? NULL
               : container_of(queue->messages.first, struct held_message, node);
}

void echo_queue_drop_first(struct echo_queue *queue)
{
    struct held_message *message =
        container_of(queue_take_first(&queue->messages), struct held_message, node);

    queue->count--;
    queue->bytes -= message->length;
    free(message);
}

void echo_queue_clear(struct echo_queue *queue)
{
    while (!queue_empty(&queue->messages)) {
        echo_queue_drop_first(queue);
    }
}

bool echo_queue_full(const struct echo_queue *queue, const struct echo_queue_limits *limits)
{
    return queue->count >= limits->messages || queue->bytes >= limits->bytes;
}

/*
 * The rows of a long list with the largest numbers.
 */
#ifndef WSRELAYD_CTL_TOP_H
#define WSRELAYD_CTL_TOP_H

#include <jansson.h>
#include <stddef.h>

enum { TOP_MAX = 64 };

/* Set `member`, zero-fill the rest. */
struct top {
    const char *member;    /* whose numbers are compared */
    json_t *rows[TOP_MAX]; /* the largest first; of equal ones the first that was offered */
    size_t count;
};

/* Takes a row if it is among the largest and its number is more than 0. */
void top_offer(struct top *top, json_t *row);

/* Forgets all rows. */
void top_clear(struct top *top);

#endif

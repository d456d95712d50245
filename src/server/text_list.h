/*
 * Lines of text that are collected one by one.
 */
#ifndef WSRELAYD_SERVER_TEXT_LIST_H
#define WSRELAYD_SERVER_TEXT_LIST_H

#include <stddef.h>

struct text_list {
    char **items; /* terminated */
    size_t count;
};

/* Appends a copy of `length` bytes, or nothing where memory is short. */
void text_list_add(struct text_list *list, const char *text, size_t length);

/* Empties it. */
void text_list_clear(struct text_list *list);

#endif

/*
 * A growing array.
 */
#include "server/text_list.h"

#include <stdlib.h>
#include <string.h>

void text_list_add(struct text_list *list, const char *text, size_t length)
{
    char **grown = reallocarray(list->items, list->count + 1, sizeof *list->items);
    char *copy = grown != NULL ? strndup(text, length) : NULL;

    if (grown != NULL) {
        list->items = grown;
    }
    if (copy != NULL) {
        list->items[list->count++] = copy;
    }
}

void text_list_clear(struct text_list *list)
{
    for (size_t i = 0; i < list->count; i++) {
        free(list->items[i]);
    }
    free(list->items);
    *list = (struct text_list){0};
}

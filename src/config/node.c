/*
 * Nodes of the tree: finding them, and saying where they stand.
 */
#include "config/errors.h"
#include "config/tree.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { NODE_TEXT_BYTES = 512 };

struct node *node_child(const struct node *node, const char *key)
{
    if (node == NULL || node->type != NODE_MAPPING) {
        return NULL;
    }
    for (size_t i = 0; i < node->count; i++) {
        if (strcmp(node->children[i]->key, key) == 0) {
            return node->children[i];
        }
    }
    return NULL;
}

/* The child that the first step of *path leads to; *path is moved over the step. */
static struct node *step(struct node *node, const char **path)
{
    size_t length = strcspn(*path, ".[");
    const char *start = *path;

    if (start[0] == '[') {
        size_t index = strtoul(start + 1, NULL, 10);
        *path += strcspn(start, "]") + 1;
        if (node->type == NODE_SEQUENCE) {
            return index < node->count ? node->children[index] : NULL;
        }
        return index == 0 ? node : NULL;
    }
    *path += length;
    for (size_t i = 0; node->type == NODE_MAPPING && i < node->count; i++) {
        const char *key = node->children[i]->key;
        if (strlen(key) == length && memcmp(key, start, length) == 0) {
            return node->children[i];
        }
    }
    return NULL;
}

struct node *node_at(struct node *root, const char *path)
{
    struct node *node = root;

    while (node != NULL && *path != '\0') {
        path += *path == '.' ? 1 : 0;
        node = step(node, &path);
    }
    return node;
}

/* Appends to `path` as much as fits. */
static void append(char path[TREE_PATH_BYTES], const char *format, ...)
    __attribute__((format(printf, 2, 3)));

static void append(char path[TREE_PATH_BYTES], const char *format, ...)
{
    size_t length = strlen(path);
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(path + length, TREE_PATH_BYTES - length, format, arguments);
    va_end(arguments);
}

void node_path(const struct node *node, char path[TREE_PATH_BYTES])
{
    if (node->parent == NULL) {
        path[0] = '\0';
        return;
    }
    node_path(node->parent, path);
    if (node->key == NULL) {
        append(path, "[%zu]", node->index);
    } else {
        append(path, "%s%.64s", path[0] == '\0' ? "" : ".", node->key);
    }
}

static void __attribute__((format(printf, 5, 0)))
report(const struct node *node, struct config_errors *errors, int line, int column,
       const char *format, va_list arguments)
{
    char path[TREE_PATH_BYTES];
    char text[NODE_TEXT_BYTES];

    node_path(node, path);
    vsnprintf(text, sizeof text, format, arguments);
    config_error(errors, line, column, "%s%s%s", path, path[0] == '\0' ? "" : ": ", text);
}

void node_error(struct node *node, struct config_errors *errors, const char *format, ...)
{
    va_list arguments;

    if (node->broken) {
        return;
    }
    node->broken = true;
    va_start(arguments, format);
    report(node, errors, node->line, node->column, format, arguments);
    va_end(arguments);
}

void node_key_error(const struct node *node, struct config_errors *errors, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    report(node, errors, node->key_line, node->key_column, format, arguments);
    va_end(arguments);
}

void node_missing_error(const struct node *node, struct config_errors *errors, const char *key,
                        const char *text)
{
    char path[TREE_PATH_BYTES];

    node_path(node, path);
    config_error(errors, node->line, node->column, "%s%s%s: %s", path, path[0] == '\0' ? "" : ".",
                 key, text);
}

void config_value_error(struct config_errors *errors, const char *path, const char *format, ...)
{
    struct node *node = node_at(errors->root, path);
    char text[NODE_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    if (node != NULL) {
        node_error(node, errors, "%s", text);
    } else {
        config_error(errors, 0, 0, "%s: %s", path, text);
    }
}

void config_value_warning(struct config_errors *errors, const char *path, const char *format, ...)
{
    const struct node *node = node_at(errors->root, path);
    char text[NODE_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    config_warning(errors, node != NULL ? node->line : 0, node != NULL ? node->column : 0, "%s: %s",
                   path, text);
}

void config_handler_error(struct config_errors *errors, const char *key, const char *format, ...)
{
    /* Where the key has its default, that does not suit the rest of the route. */
    const struct node *own = node_child(errors->handler, key);
    const struct node *place = own != NULL ? own : errors->handler;
    char path[TREE_PATH_BYTES];
    char text[NODE_TEXT_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    node_path(errors->handler, path);
    config_error(errors, place->line, place->column, "%s.%s: %s", path, key, text);
}

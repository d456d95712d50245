/*
 * A YAML document as a tree in which every node knows its line, its column and its path. Scalars
 * are texts: what they mean is for the schema to say, not for YAML.
 */
#ifndef WSRELAYD_CONFIG_TREE_H
#define WSRELAYD_CONFIG_TREE_H

#include <stdbool.h>
#include <stddef.h>

struct config_errors;

enum { TREE_MAX_DEPTH = 32, TREE_PATH_BYTES = 256 };

enum node_type { NODE_SCALAR, NODE_SEQUENCE, NODE_MAPPING };

struct node {
    enum node_type type;
    bool broken; /* an error of the value was reported: what else may be wrong is not worth another
                  */
    bool used;   /* a row of the schema knows this key */
    int line;    /* of the value; both count from 1 */
    int column;
    struct node *parent; /* NULL: the root */
    size_t index;        /* its place among its parent's children, from 0 */
    char *key;           /* inside a mapping, else NULL */
    int key_line;
    int key_column;
    char *text;             /* of a scalar, terminated; never holds a NUL */
    struct node **children; /* of a sequence or a mapping */
    size_t count;
};

/*
 * Builds the tree of a document. Anchors, aliases, tags, duplicate keys, NUL bytes, a second
 * document, deeper nesting than TREE_MAX_DEPTH and an empty document are errors. Returns NULL when
 * the rest of the document could not be made sense of; a tree may come with errors, too.
 */
struct node *tree_parse(const char *data, size_t length, struct config_errors *errors);

/* Replaces the variables in every scalar (config/expand.h). */
void tree_expand(struct node *root, struct config_errors *errors);

void tree_free(struct node *root);

/* The value of a key; NULL when it is absent, when `node` is no mapping, and when it is NULL. */
struct node *node_child(const struct node *node, const char *key);

/*
 * The value at a path as node_path writes it; NULL when there is none or `root` is NULL. Where a
 * single value stands for a list of one, it is its element 0, too.
 */
struct node *node_at(struct node *root, const char *path);

/* "listeners[1].tls"; the root's is empty. Cut when too long. */
void node_path(const struct node *node, char path[TREE_PATH_BYTES]);

/* Reports "PATH: TEXT" at the value's place, which is broken from then on, unless it was before. */
void node_error(struct node *node, struct config_errors *errors, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* The same at its key's place, whether or not the value is broken. */
void node_key_error(const struct node *node, struct config_errors *errors, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports an error of a key that the mapping `node` lacks, at the mapping's place. */
void node_missing_error(const struct node *node, struct config_errors *errors, const char *key,
                        const char *text);

#endif

/*
 * Builds a tree from libyaml's events. The tree stops growing at TREE_MAX_DEPTH: libyaml itself
 * knows no limit and takes quadratic time on deep nesting.
 */
#include "config/tree.h"

#include "config/errors.h"
#include "config/expand.h"

#include <assert.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

struct builder {
    struct config_errors *errors;
    struct node *root;
    struct node *current; /* the collection that the next event belongs to; NULL: none is open */
    size_t depth;         /* of `current` */
    char *key;            /* a key that waits for its value, or NULL */
    yaml_mark_t key_mark;
    bool document_seen;
};

static int line_of(yaml_mark_t mark)
{
    return (int)mark.line + 1;
}

static int column_of(yaml_mark_t mark)
{
    return (int)mark.column + 1;
}

/* Reports an error that ends the building of the tree. */
static bool fail_at(struct builder *builder, yaml_mark_t mark, const char *text)
{
    config_error(builder->errors, line_of(mark), column_of(mark), "%s", text);
    return false;
}

void tree_free(struct node *root)
{
    if (root == NULL) {
        return;
    }
    for (size_t i = 0; i < root->count; i++) {
        tree_free(root->children[i]);
    }
    free(root->children);
    free(root->key);
    free(root->text);
    free(root);
}

/* The array of children grows whenever their number is a power of two. */
static bool append_child(struct node *parent, struct node *child)
{
    if ((parent->count & (parent->count - 1)) == 0) {
        size_t capacity = parent->count == 0 ? 1 : parent->count * 2;
        struct node **children = reallocarray(parent->children, capacity, sizeof(struct node *));
        if (children == NULL) {
            return false;
        }
        parent->children = children;
    }
    child->parent = parent;
    child->index = parent->count;
    parent->children[parent->count++] = child;
    return true;
}

static void take_key(struct builder *builder, struct node *node)
{
    node->key = builder->key;
    node->key_line = line_of(builder->key_mark);
    node->key_column = column_of(builder->key_mark);
    builder->key = NULL;
}

/* Makes a node and puts it where the document is at. */
static struct node *add_node(struct builder *builder, enum node_type type, yaml_mark_t mark)
{
    struct node *node = calloc(1, sizeof *node);

    if (node == NULL) {
        fail_at(builder, mark, "out of memory");
        return NULL;
    }
    node->type = type;
    node->line = line_of(mark);
    node->column = column_of(mark);
    if (builder->current == NULL) {
        builder->root = node;
        return node;
    }
    take_key(builder, node);
    if (!append_child(builder->current, node)) {
        fail_at(builder, mark, "out of memory");
        tree_free(node);
        return NULL;
    }
    return node;
}

static bool expects_key(const struct builder *builder)
{
    return builder->current != NULL && builder->current->type == NODE_MAPPING &&
           builder->key == NULL;
}

static bool holds_nul(const yaml_event_t *event)
{
    return memchr(event->data.scalar.value, '\0', event->data.scalar.length) != NULL;
}

static bool handle_key(struct builder *builder, const yaml_event_t *event)
{
    if (holds_nul(event)) {
        return fail_at(builder, event->start_mark, "a key must not contain a NUL character");
    }
    builder->key = strdup((const char *)event->data.scalar.value);
    builder->key_mark = event->start_mark;
    return builder->key != NULL || fail_at(builder, event->start_mark, "out of memory");
}

static bool handle_scalar(struct builder *builder, const yaml_event_t *event)
{
    if (expects_key(builder)) {
        return handle_key(builder, event);
    }
    struct node *node = add_node(builder, NODE_SCALAR, event->start_mark);
    if (node == NULL) {
        return false;
    }
    if (holds_nul(event)) {
        node_error(node, builder->errors, "must not contain a NUL character");
    }
    node->text = strdup((const char *)event->data.scalar.value);
    return node->text != NULL || fail_at(builder, event->start_mark, "out of memory");
}

static bool handle_alias(struct builder *builder, const yaml_event_t *event)
{
    if (expects_key(builder)) {
        return fail_at(builder, event->start_mark, "aliases are not supported");
    }
    struct node *node = add_node(builder, NODE_SCALAR, event->start_mark);
    if (node == NULL) {
        return false;
    }
    node_error(node, builder->errors,
               "aliases are not supported (what routes share belongs into \"defaults\")");
    node->text = strdup("");
    return node->text != NULL || fail_at(builder, event->start_mark, "out of memory");
}

static bool open_collection(struct builder *builder, enum node_type type, const yaml_event_t *event)
{
    if (expects_key(builder)) {
        return fail_at(builder, event->start_mark, "a key must be a word, not a list or a mapping");
    }
    if (builder->depth == TREE_MAX_DEPTH) {
        return fail_at(builder, event->start_mark, "nested deeper than 32 levels");
    }
    struct node *node = add_node(builder, type, event->start_mark);
    if (node == NULL) {
        return false;
    }
    builder->current = node;
    builder->depth++;
    return true;
}

static int compare_keys(const void *a, const void *b)
{
    const struct node *left = *(struct node *const *)a;
    const struct node *right = *(struct node *const *)b;
    int order = strcmp(left->key, right->key);

    return order != 0 ? order : (left->index > right->index) - (left->index < right->index);
}

/* Sorting keeps a file of nothing but keys from taking quadratic time. */
static bool check_duplicates(struct builder *builder, const struct node *mapping, yaml_mark_t mark)
{
    if (mapping->count < 2) {
        return true;
    }
    struct node **sorted = reallocarray(NULL, mapping->count, sizeof(struct node *));
    if (sorted == NULL) {
        return fail_at(builder, mark, "out of memory");
    }
    memcpy(sorted, mapping->children, mapping->count * sizeof(struct node *));
    qsort(sorted, mapping->count, sizeof *sorted, compare_keys);

    const struct node *first = sorted[0];
    for (size_t i = 1; i < mapping->count; i++) {
        if (strcmp(sorted[i]->key, first->key) != 0) {
            first = sorted[i];
            continue;
        }
        node_key_error(sorted[i], builder->errors, "duplicate key (the first is in line %d)",
                       first->key_line);
        sorted[i]->used = true;
    }
    free(sorted);
    return true;
}

static bool close_collection(struct builder *builder, const yaml_event_t *event)
{
    const struct node *closed = builder->current;

    assert(closed != NULL); /* libyaml closes nothing that it has not opened */
    builder->current = closed->parent;
    builder->depth--;
    return closed->type != NODE_MAPPING || check_duplicates(builder, closed, event->start_mark);
}

static bool open_document(struct builder *builder, const yaml_event_t *event)
{
    if (builder->document_seen) {
        return fail_at(builder, event->start_mark, "more than one document");
    }
    builder->document_seen = true;
    return true;
}

/* The two YAML features that could make one text mean another. The node is kept without them. */
static void refuse_properties(struct builder *builder, yaml_mark_t mark, const yaml_char_t *anchor,
                              const yaml_char_t *tag)
{
    if (anchor != NULL) {
        fail_at(builder, mark,
                "anchors are not supported (what routes share belongs into "
                "\"defaults\")");
    }
    if (tag != NULL) {
        fail_at(builder, mark, "tags are not supported");
    }
}

static bool handle_event(struct builder *builder, const yaml_event_t *event)
{
    yaml_mark_t mark = event->start_mark;

    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return open_document(builder, event);
    case YAML_ALIAS_EVENT:
        return handle_alias(builder, event);
    case YAML_SCALAR_EVENT:
        refuse_properties(builder, mark, event->data.scalar.anchor, event->data.scalar.tag);
        return handle_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        refuse_properties(builder, mark, event->data.sequence_start.anchor,
                          event->data.sequence_start.tag);
        return open_collection(builder, NODE_SEQUENCE, event);
    case YAML_MAPPING_START_EVENT:
        refuse_properties(builder, mark, event->data.mapping_start.anchor,
                          event->data.mapping_start.tag);
        return open_collection(builder, NODE_MAPPING, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(builder, event);
    default:
        return true;
    }
}

/* The place of a byte offset, for errors that libyaml reports without one. */
static yaml_mark_t mark_of_offset(const char *data, size_t length, size_t offset)
{
    yaml_mark_t mark = {0};

    for (size_t i = 0; i < offset && i < length; i++) {
        mark.column++;
        if (data[i] == '\n') {
            mark.line++;
            mark.column = 0;
        }
    }
    return mark;
}

static void report_syntax(struct builder *builder, const yaml_parser_t *parser, const char *data,
                          size_t length)
{
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_MEMORY_ERROR) {
        fail_at(builder, parser->mark, "out of memory");
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        mark = mark_of_offset(data, length, parser->problem_offset);
    } else if (mark.index < length && data[mark.index] == '\t') {
        fail_at(builder, mark, "a tab where YAML wants spaces");
        return;
    }
    config_error(builder->errors, line_of(mark), column_of(mark), "not valid YAML: %s%s%s",
                 parser->problem != NULL ? parser->problem : "unknown problem",
                 parser->context != NULL ? " " : "",
                 parser->context != NULL ? parser->context : "");
}

static bool parse_events(struct builder *builder, yaml_parser_t *parser, const char *data,
                         size_t length)
{
    bool going_on = true;
    bool ended = false;

    while (going_on && !ended) {
        yaml_event_t event;
        if (yaml_parser_parse(parser, &event) == 0) {
            report_syntax(builder, parser, data, length);
            return false;
        }
        ended = event.type == YAML_STREAM_END_EVENT;
        going_on = handle_event(builder, &event);
        yaml_event_delete(&event);
    }
    return going_on;
}

static bool is_empty(const struct node *root)
{
    return root == NULL || (root->type == NODE_SCALAR && root->text[0] == '\0' && !root->broken);
}

static bool build(struct builder *builder, const char *data, size_t length)
{
    yaml_parser_t parser;
    const char *nul = memchr(data, '\0', length);

    if (nul != NULL) {
        return fail_at(builder, mark_of_offset(data, length, (size_t)(nul - data)),
                       "a NUL byte (the file must be UTF-8 text)");
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return fail_at(builder, (yaml_mark_t){0}, "out of memory");
    }
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, length);
    bool complete = parse_events(builder, &parser, data, length);
    yaml_parser_delete(&parser);
    if (complete && is_empty(builder->root)) {
        return fail_at(builder, (yaml_mark_t){0}, "the file is empty");
    }
    return complete;
}

struct node *tree_parse(const char *data, size_t length, struct config_errors *errors)
{
    struct builder builder = {.errors = errors};

    if (!build(&builder, data, length)) {
        tree_free(builder.root);
        builder.root = NULL;
    }
    free(builder.key);
    return builder.root;
}

static void expand_scalar(struct node *node, struct config_errors *errors)
{
    char problem[EXPAND_PROBLEM_BYTES];
    char *text;

    if (strchr(node->text, '$') == NULL) {
        return;
    }
    text = expand_variables(node->text, problem);
    if (text == NULL) {
        node_error(node, errors, "%s", problem);
        return;
    }
    free(node->text);
    node->text = text;
}

void tree_expand(struct node *root, struct config_errors *errors)
{
    if (root->type == NODE_SCALAR && !root->broken) {
        expand_scalar(root, errors);
    }
    for (size_t i = 0; i < root->count; i++) {
        tree_expand(root->children[i], errors);
    }
}

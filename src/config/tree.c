/*
 * Builds a tree from libyaml's events. The tree stops growing at TREE_MAX_DEPTH: libyaml itself
 * knows no limit and takes quadratic time on deep nesting.
 */
#include "config/tree.h"

#include "base/slice.h"
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

/* The two YAML features that could make one text mean another. What is wrong, or NULL. */
static const char *properties_problem(const yaml_event_t *event)
{
    const yaml_char_t *anchor = event->data.scalar.anchor;
    const yaml_char_t *tag = event->data.scalar.tag;

    if (event->type == YAML_SEQUENCE_START_EVENT) {
        anchor = event->data.sequence_start.anchor;
        tag = event->data.sequence_start.tag;
    } else if (event->type == YAML_MAPPING_START_EVENT) {
        anchor = event->data.mapping_start.anchor;
        tag = event->data.mapping_start.tag;
    }
    if (anchor != NULL) {
        return "anchors are not supported (what routes share belongs into \"defaults\")";
    }
    return tag != NULL ? "tags are not supported" : NULL;
}

/* The node is kept without them, and a collection is read to find its errors, too. */
static void refuse_properties(struct builder *builder, struct node *node, const yaml_event_t *event)
{
    const char *problem = properties_problem(event);

    if (problem != NULL) {
        node_error(node, builder->errors, "%s", problem);
    }
}

static void refuse_key_properties(struct builder *builder, const yaml_event_t *event)
{
    char path[TREE_PATH_BYTES];

    node_path(builder->current, path);
    config_error(builder->errors, line_of(event->start_mark), column_of(event->start_mark),
                 "%s%s%.64s: a key must have neither an anchor nor a tag", path,
                 path[0] == '\0' ? "" : ".", (const char *)event->data.scalar.value);
}

static bool handle_key(struct builder *builder, const yaml_event_t *event)
{
    if (holds_nul(event)) {
        return fail_at(builder, event->start_mark, "a key must not contain a NUL character");
    }
    if (properties_problem(event) != NULL) {
        refuse_key_properties(builder, event);
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
    refuse_properties(builder, node, event);
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
    refuse_properties(builder, node, event);
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

static bool handle_event(struct builder *builder, const yaml_event_t *event)
{
    switch (event->type) {
    case YAML_DOCUMENT_START_EVENT:
        return open_document(builder, event);
    case YAML_ALIAS_EVENT:
        return handle_alias(builder, event);
    case YAML_SCALAR_EVENT:
        return handle_scalar(builder, event);
    case YAML_SEQUENCE_START_EVENT:
        return open_collection(builder, NODE_SEQUENCE, event);
    case YAML_MAPPING_START_EVENT:
        return open_collection(builder, NODE_MAPPING, event);
    case YAML_SEQUENCE_END_EVENT:
    case YAML_MAPPING_END_EVENT:
        return close_collection(builder, event);
    default:
        return true;
    }
}

/* ---- places ---- */

/* What YAML takes for the end of a line. */
static const char *const line_breaks[] = {"\r\n", "\r", "\n", "\xc2\x85", "\u2028", "\u2029"};

static size_t line_break_bytes(const char *data, size_t length)
{
    for (size_t i = 0; i < sizeof line_breaks / sizeof *line_breaks; i++) {
        size_t bytes = strlen(line_breaks[i]);
        if (bytes <= length && memcmp(data, line_breaks[i], bytes) == 0) {
            return bytes;
        }
    }
    return 0;
}

static bool begins_character(char byte)
{
    return ((unsigned char)byte & 0xC0) != 0x80;
}

/* The place of a byte, for errors that libyaml reports without one. Columns are characters. */
static yaml_mark_t mark_of_byte(const char *data, size_t length, size_t offset)
{
    yaml_mark_t mark = {0};
    size_t at = 0;

    while (at < offset && at < length) {
        size_t bytes = line_break_bytes(data + at, length - at);
        if (bytes > 0) {
            mark.line++;
            mark.column = 0;
            at += bytes;
        } else {
            mark.column += begins_character(data[at]) ? 1 : 0;
            at++;
        }
    }
    return mark;
}

/* Whether a character is a tab; libyaml counts characters, too. */
static bool is_tab(const char *data, size_t length, size_t character)
{
    size_t at = 0;

    while (at < length && (!begins_character(data[at]) || character-- > 0)) {
        at++;
    }
    return at < length && data[at] == '\t';
}

/* ---- parsing ---- */

static void report_syntax(struct builder *builder, const yaml_parser_t *parser, const char *data,
                          size_t length)
{
    yaml_mark_t mark = parser->problem_mark;

    if (parser->error == YAML_MEMORY_ERROR) {
        fail_at(builder, parser->mark, "out of memory");
        return;
    }
    if (parser->error == YAML_READER_ERROR) {
        mark = mark_of_byte(data, length, parser->problem_offset);
    } else if (is_tab(data, length, mark.index)) {
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
        return fail_at(builder, mark_of_byte(data, length, (size_t)(nul - data)),
                       "a NUL byte (the file must be UTF-8 text)");
    }
    if (yaml_parser_initialize(&parser) == 0) {
        return fail_at(builder, (yaml_mark_t){0}, "out of memory");
    }
    yaml_parser_set_encoding(&parser, YAML_UTF8_ENCODING);
    yaml_parser_set_input_string(&parser, (const unsigned char *)data, length);
    bool complete = parse_events(builder, &parser, data, length);
    yaml_parser_delete(&parser);
    if (complete && is_empty(builder->root)) {
        return fail_at(builder, (yaml_mark_t){0}, "the file is empty");
    }
    return complete;
}

/* A byte order mark is no part of the first line. */
struct node *tree_parse(const char *data, size_t length, struct config_errors *errors)
{
    static const struct slice order_mark = {"\ufeff", sizeof "\ufeff" - 1};
    struct builder builder = {.errors = errors};

    if (length >= order_mark.length && memcmp(data, order_mark.data, order_mark.length) == 0) {
        data += order_mark.length;
        length -= order_mark.length;
    }
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

/*
 * Walks a table of rows and a mapping together. A value comes from the mapping itself, from the
 * mapping that it inherits from, or from the row's default, in this order.
 */
#include "config/reader.h"

#include "config/suggest.h"

#include <inttypes.h>
#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { READER_CANDIDATES_MAX = 48, READER_SUGGESTIONS_MAX = 1000, READER_TEXT_BYTES = 384 };

static const char *const node_type_names[] = {
    [NODE_SCALAR] = "a single value",
    [NODE_SEQUENCE] = "a list",
    [NODE_MAPPING] = "a mapping",
};

bool reader_error(struct reader *reader, struct node *node, const char *format, ...)
{
    char text[READER_TEXT_BYTES];
    va_list arguments;

    reader->failures++;
    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    node_error(node, reader->errors, "%s", text);
    return false;
}

bool reader_unknown_value(struct reader *reader, struct node *node, const char *const *candidates,
                          size_t count)
{
    char list[READER_TEXT_BYTES / 2] = "";
    const char *nearest = suggest(node->text, candidates, count);

    if (nearest != NULL) {
        return reader_error(reader, node, "unknown value \"%.64s\" (did you mean \"%s\"?)",
                            node->text, nearest);
    }
    for (size_t i = 0; i < count; i++) {
        size_t length = strlen(list);
        snprintf(list + length, sizeof list - length, "%s%s", i == 0 ? "" : ", ", candidates[i]);
    }
    return reader_error(reader, node, "unknown value \"%.64s\" (one of: %s)", node->text, list);
}

/* Whether the node is what YAML makes of an unquoted {name}, a reference to a capture. */
static bool is_unquoted_reference(const struct node *node)
{
    return node->type == NODE_MAPPING && node->count == 1 &&
           node->children[0]->type == NODE_SCALAR && node->children[0]->text[0] == '\0';
}

/* Whether the node has this type; says what is wanted when it has not. */
static bool expect_type(struct reader *reader, struct node *node, enum node_type type)
{
    if (node->type == NODE_SCALAR && node->text[0] == '\0') {
        return reader_error(reader, node, "empty: give it a value or leave the key out");
    }
    if (type == NODE_SCALAR && is_unquoted_reference(node)) {
        return reader_error(reader, node,
                            "must be a single value, not a mapping (quote it: \"{%.64s}\")",
                            node->children[0]->key);
    }
    if (node->type != type || (node->broken && type == NODE_SCALAR)) {
        return reader_error(reader, node, "must be %s, not %s", node_type_names[type],
                            node_type_names[node->type]);
    }
    return true;
}

bool reader_expect_scalar(struct reader *reader, struct node *node)
{
    return expect_type(reader, node, NODE_SCALAR);
}

/*
 * Whether a control character begins here: those of ASCII and Latin-1, and what Unicode has of
 * line breaks, byte order marks and non-characters. YAML could not be written with them unescaped.
 */
static bool is_control(const char *text)
{
    static const char *const encoded[] = {"\u2028", "\u2029", "\ufeff", "\ufffe", "\uffff"};
    unsigned char first = (unsigned char)text[0];

    if (first < 0x20 || first == 0x7f || (first == 0xc2 && (unsigned char)text[1] < 0xa0)) {
        return true;
    }
    for (size_t i = 0; i < sizeof encoded / sizeof *encoded; i++) {
        if (strncmp(text, encoded[i], strlen(encoded[i])) == 0) {
            return true;
        }
    }
    return false;
}

bool reader_expect_text(struct reader *reader, struct node *node)
{
    if (!reader_expect_scalar(reader, node)) {
        return false;
    }
    for (const char *byte = node->text; *byte != '\0'; byte++) {
        if (is_control(byte)) {
            return reader_error(reader, node, "must not contain control characters");
        }
    }
    return true;
}

char *reader_copy(struct reader *reader, struct node *node, const char *text)
{
    char *copy = strdup(text);

    if (copy == NULL) {
        reader_error(reader, node, "out of memory");
    }
    return copy;
}

static struct node *take_child(struct node *node, const char *key)
{
    struct node *child = node_child(node, key);

    if (child != NULL) {
        child->used = true;
    }
    return child;
}

/* A mapping to read from, or NULL when there is none or it is something else. */
static struct node *as_mapping(struct reader *reader, struct node *node)
{
    return node != NULL && expect_type(reader, node, NODE_MAPPING) ? node : NULL;
}

static void read_fallback(struct reader *reader, const struct schema_row *row, void *object)
{
    /* Types only read the node's text: the cast takes away a const that nobody violates. */
    struct node node = {.type = NODE_SCALAR, .text = (char *)(uintptr_t)row->fallback};

    if (strcmp(node.text, "[]") == 0) {
        node.type = NODE_SEQUENCE;
    }
    row->type->read(reader, row, &node, object);
}

static void report_missing(struct reader *reader, const struct schema_row *row,
                           const struct node *node)
{
    reader->failures++;
    node_missing_error(node, reader->errors, row->name,
                       row->shape == SHAPE_LIST ? "missing: at least one is needed" : "missing");
}

static void read_value(struct reader *reader, const struct schema_row *row, struct node *node,
                       struct node *inherited, void *object)
{
    struct node *own = take_child(node, row->name);
    struct node *other = node_child(inherited, row->name);

    if (own != NULL) {
        row->type->read(reader, row, own, object);
    } else if (other != NULL) {
        row->type->read(reader, row, other, object);
    } else if (row->fallback != NULL) {
        read_fallback(reader, row, object);
    } else if (row->required) {
        report_missing(reader, row, node);
    }
}

/* Reads one mapping, with the check that belongs to it. */
static void read_checked(struct reader *reader, const struct schema_row *row, struct node *node,
                         struct node *inherited, void *object)
{
    reader_read(reader, row->rows, node, inherited, object);
    if (row->check != NULL) {
        row->check(reader, node, object);
    }
}

static void read_mapping(struct reader *reader, const struct schema_row *row, struct node *node,
                         struct node *inherited, char *object)
{
    struct node *own = as_mapping(reader, take_child(node, row->name));

    read_checked(reader, row, own, node_child(inherited, row->name), object + row->offset);
}

static void read_optional(struct reader *reader, const struct schema_row *row, struct node *node,
                          char *object)
{
    struct node *own = as_mapping(reader, take_child(node, row->name));
    void **field = (void **)(void *)(object + row->offset);

    if (own == NULL) {
        return;
    }
    *field = calloc(1, row->bytes);
    if (*field == NULL) {
        reader_error(reader, own, "out of memory");
        return;
    }
    read_checked(reader, row, own, NULL, *field);
}

static void read_elements(struct reader *reader, const struct schema_row *row, struct node *list,
                          char *object)
{
    char *elements = calloc(list->count, row->bytes);

    if (elements == NULL) {
        reader_error(reader, list, "out of memory");
        return;
    }
    *(void **)(void *)(object + row->offset) = elements;
    *(size_t *)(void *)(object + row->count_offset) = list->count;
    for (size_t i = 0; i < list->count; i++) {
        struct node *element = as_mapping(reader, list->children[i]);
        if (element != NULL) {
            read_checked(reader, row, element, NULL, elements + i * row->bytes);
        }
    }
}

static void read_list(struct reader *reader, const struct schema_row *row, struct node *node,
                      char *object)
{
    struct node *own = take_child(node, row->name);

    if (own == NULL) {
        report_missing(reader, row, node);
    } else if (expect_type(reader, own, NODE_SEQUENCE)) {
        if (own->count == 0) {
            reader_error(reader, own, "empty: at least one is needed");
        } else if (own->count > row->maximum) {
            reader_error(reader, own, "%zu are too many (at most %" PRIu64 ")", own->count,
                         row->maximum);
        } else {
            read_elements(reader, row, own, object);
        }
    }
}

static void read_rows(struct reader *reader, const struct schema_row *rows, struct node *node,
                      struct node *inherited, void *object)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        switch (row->shape) {
        case SHAPE_VALUE:
            read_value(reader, row, node, inherited, object);
            break;
        case SHAPE_MAPPING:
            read_mapping(reader, row, node, inherited, object);
            break;
        case SHAPE_OPTIONAL:
            read_optional(reader, row, node, object);
            break;
        case SHAPE_LIST:
            read_list(reader, row, node, object);
            break;
        case SHAPE_INHERITED:
            read_rows(reader, row->rows, node, node_child(reader->root, row->name),
                      (char *)object + row->offset);
            break;
        }
    }
}

/* Collects the keys that a mapping may have; returns how many there are. */
static size_t list_keys(const struct schema_row *rows, const char **keys, size_t count)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        if (row->shape == SHAPE_INHERITED) {
            count = list_keys(row->rows, keys, count);
        } else if (count < READER_CANDIDATES_MAX) {
            keys[count++] = row->name;
        }
    }
    return count;
}

static void report_unknown_key(struct reader *reader, const struct schema_row *rows,
                               const struct node *node)
{
    const char *keys[READER_CANDIDATES_MAX];
    const char *nearest = NULL;

    if (node->broken) {
        return;
    }
    /* A file of nothing but unknown keys shall not take a search for each. */
    if (reader->errors->error_count < READER_SUGGESTIONS_MAX) {
        nearest = suggest(node->key, keys, list_keys(rows, keys, 0));
    }
    if (nearest != NULL) {
        node_key_error(node, reader->errors, "unknown key (did you mean \"%s\"?)", nearest);
    } else {
        node_key_error(node, reader->errors, "unknown key");
    }
}

static void report_misplaced(struct reader *reader, const struct schema_row *rows,
                             const struct node *node, const void *object)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        const struct node *child = node_child(node, row->name);
        if (child != NULL && row->applies != NULL && !row->applies(object)) {
            node_key_error(child, reader->errors, "%s", row->applies_to);
        }
    }
}

void reader_read(struct reader *reader, const struct schema_row *rows, struct node *node,
                 struct node *inherited, void *object)
{
    read_rows(reader, rows, node, inherited, object);
    for (size_t i = 0; node != NULL && i < node->count; i++) {
        if (node->type == NODE_MAPPING && !node->children[i]->used) {
            report_unknown_key(reader, rows, node->children[i]);
        }
    }
    report_misplaced(reader, rows, node, object);
}

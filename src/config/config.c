/*
 * From a file to a configuration: bytes, tree, variables, structs, and the checks on the whole.
 */
#include "config/config.h"

#include "config/checks.h"
#include "config/reader.h"
#include "config/source.h"

#include <stdlib.h>

static struct node *load_tree(const char *path, struct config_errors *errors)
{
    size_t length;
    char *data = source_read(path, &length, errors);
    struct node *root = data != NULL ? tree_parse(data, length, errors) : NULL;

    free(data);
    if (root != NULL) {
        tree_expand(root, errors);
    }
    return root;
}

static struct config *read_tree(struct node *root, const struct handler_schema *const *handlers,
                                struct config_errors *errors)
{
    struct reader reader = {.errors = errors, .root = root, .handlers = handlers};
    struct config *config = calloc(1, sizeof *config);

    if (config == NULL) {
        config_error(errors, 0, 0, "out of memory");
        return NULL;
    }
    if (root->type != NODE_MAPPING) {
        node_error(root, errors, "the file must be a mapping of keys to values");
        return config;
    }
    reader_read(&reader, schema_rows, root, NULL, config);
    if (errors->error_count == 0) {
        check_shadowed_routes(&reader, config);
    }
    return config;
}

struct config *config_load(const char *path, const struct handler_schema *const *handlers,
                           config_check *check, const void *argument, struct config_errors *errors)
{
    struct config *config = NULL;

    errors->root = load_tree(path, errors);
    if (errors->root != NULL) {
        config = read_tree(errors->root, handlers, errors);
    }
    if (config != NULL && check != NULL) {
        check(config, errors, argument);
    }
    tree_free(errors->root);
    errors->root = NULL;
    if (errors->error_count > 0) {
        config_free(config);
        return NULL;
    }
    return config;
}

static void clear_structure(const struct schema_row *row, char *object)
{
    void *pointed = *(void **)(void *)(object + row->offset);
    size_t count = row->shape == SHAPE_LIST ? *(size_t *)(void *)(object + row->count_offset) : 1;

    for (size_t i = 0; pointed != NULL && i < count; i++) {
        schema_clear(row->rows, (char *)pointed + i * row->bytes);
    }
    free(pointed);
}

void schema_clear(const struct schema_row *rows, void *object)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        switch (row->shape) {
        case SHAPE_VALUE:
            if (row->type->clear != NULL) {
                row->type->clear(row, object);
            }
            break;
        case SHAPE_MAPPING:
        case SHAPE_INHERITED:
            schema_clear(row->rows, (char *)object + row->offset);
            break;
        case SHAPE_OPTIONAL:
        case SHAPE_LIST:
            clear_structure(row, object);
            break;
        }
    }
}

void config_route_clear(struct route_config *route)
{
    schema_clear(schema_route_rows, route);
}

void config_free(struct config *config)
{
    if (config == NULL) {
        return;
    }
    schema_clear(schema_rows, config);
    free(config);
}

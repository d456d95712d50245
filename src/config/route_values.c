/*
 * The types of a route's own keys: its path, its host and its handler.
 */
#include "config/dump.h"
#include "config/host_pattern.h"
#include "config/path_pattern.h"
#include "config/reader.h"
#include "config/suggest.h"
#include "protocol/authority.h"

#include <stdlib.h>
#include <string.h>

enum { HANDLERS_MAX = 32 };

/* ---- path ---- */

static bool read_pattern(struct reader *reader, const struct schema_row *row, struct node *node,
                         void *object)
{
    struct route_config *route = object;
    char problem[PATH_PATTERN_PROBLEM_BYTES];

    (void)row;
    if (!reader_expect_text(reader, node)) {
        return false;
    }
    if (!path_pattern_parse(node->text, &route->parts, &route->part_count, problem)) {
        return reader_error(reader, node, "%s", problem);
    }
    route->path = reader_copy(reader, node, node->text);
    return route->path != NULL;
}

static void write_pattern(struct dump *dump, const struct schema_row *row, const void *object)
{
    const struct route_config *route = object;

    (void)row;
    dump_text_line(dump, route->path);
}

static void clear_pattern(const struct schema_row *row, void *object)
{
    struct route_config *route = object;

    (void)row;
    free(route->path);
    path_pattern_free(route->parts, route->part_count);
}

const struct schema_type schema_pattern = {
    .name = "text", .read = read_pattern, .write = write_pattern, .clear = clear_pattern};

/* ---- host ---- */

static bool read_host(struct reader *reader, const struct schema_row *row, struct node *node,
                      void *object)
{
    struct route_config *route = object;
    char host[AUTHORITY_HOST_MAX_BYTES + 1];
    const char *problem;

    (void)row;
    if (!reader_expect_text(reader, node)) {
        return false;
    }
    problem = host_pattern_problem(node->text);
    if (problem != NULL) {
        return reader_error(reader, node, "\"%.64s\": %s", node->text, problem);
    }
    host[authority_write_host(host, slice_of(node->text)).length] = '\0';
    route->host = reader_copy(reader, node, host);
    return route->host != NULL;
}

static void write_host(struct dump *dump, const struct schema_row *row, const void *object)
{
    const struct route_config *route = object;

    (void)row;
    dump_text_line(dump, route->host);
}

static bool host_is_set(const struct schema_row *row, const void *object)
{
    const struct route_config *route = object;

    (void)row;
    return route->host != NULL;
}

static void clear_host(const struct schema_row *row, void *object)
{
    struct route_config *route = object;

    (void)row;
    free(route->host);
}

const struct schema_type schema_host = {.name = "text",
                                        .read = read_host,
                                        .write = write_host,
                                        .is_set = host_is_set,
                                        .clear = clear_host};

/* ---- handler ---- */

static const struct handler_schema *find_handler(struct reader *reader, struct node *name)
{
    const char *names[HANDLERS_MAX];
    size_t count = 0;

    for (; count < HANDLERS_MAX && reader->handlers[count] != NULL; count++) {
        names[count] = reader->handlers[count]->name;
        if (strcmp(names[count], name->text) == 0) {
            return reader->handlers[count];
        }
    }
    reader_unknown_value(reader, name, names, count);
    return NULL;
}

/* Without the type nobody knows the handler's own keys: only what looks like "type" is wrong. */
static bool report_misspelt_type(struct reader *reader, const struct node *node)
{
    static const char *const type_key[] = {"type"};

    for (size_t i = 0; i < node->count; i++) {
        if (suggest(node->children[i]->key, type_key, 1) != NULL) {
            reader->failures++;
            node_key_error(node->children[i], reader->errors,
                           "unknown key (did you mean \"type\"?)");
            return true;
        }
    }
    return false;
}

/* The node that names the handler: the value itself, or the mapping's `type`. */
static struct node *name_node(struct reader *reader, struct node *node)
{
    if (node->type != NODE_MAPPING) {
        return node;
    }
    struct node *type = node_child(node, "type");
    if (type != NULL) {
        type->used = true;
    } else if (!report_misspelt_type(reader, node)) {
        reader_error(reader, node, "needs a \"type\", the handler's name");
    }
    return type;
}

static void clear_settings(struct route_config *route)
{
    if (route->handler_settings != NULL && route->handler->rows != NULL) {
        schema_clear(route->handler->rows, route->handler_settings);
    }
    free(route->handler_settings);
    route->handler_settings = NULL;
}

/* Settings are there when all of them could be read: a handler is shown no others. */
static bool read_settings(struct reader *reader, struct node *node, struct route_config *route)
{
    static const struct schema_row no_rows[] = {{.name = NULL}};
    const struct schema_row *rows = route->handler->rows;
    size_t failures_before = reader->failures;

    route->handler_settings = calloc(1, route->handler->settings_bytes + 1);
    if (route->handler_settings == NULL) {
        return reader_error(reader, node, "out of memory");
    }
    reader_read(reader, rows != NULL ? rows : no_rows, node, NULL, route->handler_settings);
    if (reader->failures != failures_before) {
        clear_settings(route);
    }
    return route->handler_settings != NULL;
}

static bool read_handler(struct reader *reader, const struct schema_row *row, struct node *node,
                         void *object)
{
    struct route_config *route = object;
    struct node *name = name_node(reader, node);

    (void)row;
    if (name == NULL || !reader_expect_scalar(reader, name)) {
        return false;
    }
    route->handler = find_handler(reader, name);
    return route->handler != NULL && read_settings(reader, node, route);
}

static void write_handler(struct dump *dump, const struct schema_row *row, const void *object)
{
    const struct route_config *route = object;

    (void)row;
    if (route->handler->rows == NULL) {
        fprintf(dump->stream, " %s\n", route->handler->name);
        return;
    }
    fputc('\n', dump->stream);
    dump->depth++;
    dump_key(dump, "type");
    fprintf(dump->stream, " %s\n", route->handler->name);
    dump_rows(dump, route->handler->rows, route->handler_settings);
    dump->depth--;
}

static void clear_handler(const struct schema_row *row, void *object)
{
    (void)row;
    clear_settings(object);
}

const struct schema_type schema_handler = {
    .name = "word", .read = read_handler, .write = write_handler, .clear = clear_handler};

/*
 * Writes a configuration so that config_load reads the same one back. Texts are always quoted,
 * and a dollar sign is doubled because a single one would begin a variable.
 */
#include "config/dump.h"

#include <stdlib.h>

enum { INDENT = 2 };

void dump_key(struct dump *dump, const char *key)
{
    int width = dump->depth * INDENT;

    if (dump->item) {
        fprintf(dump->stream, "%*s- %s:", width - INDENT, "", key);
    } else {
        fprintf(dump->stream, "%*s%s:", width, "", key);
    }
    dump->item = false;
}

/* The characters that a double-quoted YAML scalar must not hold as they are. */
static bool write_escaped(FILE *stream, unsigned char byte)
{
    switch (byte) {
    case '"':
    case '\\':
        fprintf(stream, "\\%c", byte);
        return true;
    case '$':
        fputs("$$", stream);
        return true;
    default:
        return false;
    }
}

void dump_text(struct dump *dump, const char *text)
{
    fputc('"', dump->stream);
    for (; *text != '\0'; text++) {
        if (!write_escaped(dump->stream, (unsigned char)*text)) {
            fputc(*text, dump->stream);
        }
    }
    fputc('"', dump->stream);
}

void dump_text_line(struct dump *dump, const char *text)
{
    fputc(' ', dump->stream);
    dump_text(dump, text);
    fputc('\n', dump->stream);
}

static void dump_value(struct dump *dump, const struct schema_row *row, const void *object)
{
    if (row->type->is_set != NULL && !row->type->is_set(row, object)) {
        return;
    }
    dump_key(dump, row->name);
    row->type->write(dump, row, object);
}

static void dump_mapping(struct dump *dump, const struct schema_row *row, const void *object)
{
    dump_key(dump, row->name);
    fputc('\n', dump->stream);
    dump->depth++;
    dump_rows(dump, row->rows, object);
    dump->depth--;
}

static void dump_list(struct dump *dump, const struct schema_row *row, const char *object)
{
    const char *elements = *(const char *const *)(const void *)(object + row->offset);
    size_t count = *(const size_t *)(const void *)(object + row->count_offset);

    dump_key(dump, row->name);
    fputc('\n', dump->stream);
    dump->depth += 2;
    for (size_t i = 0; i < count; i++) {
        dump->item = true;
        dump_rows(dump, row->rows, elements + i * row->bytes);
    }
    dump->depth -= 2;
}

static void dump_row(struct dump *dump, const struct schema_row *row, const char *object)
{
    const void *optional = NULL;

    switch (row->shape) {
    case SHAPE_VALUE:
        dump_value(dump, row, object);
        break;
    case SHAPE_MAPPING:
        dump_mapping(dump, row, object + row->offset);
        break;
    case SHAPE_OPTIONAL:
        optional = *(const void *const *)(const void *)(object + row->offset);
        if (optional != NULL) {
            dump_mapping(dump, row, optional);
        }
        break;
    case SHAPE_LIST:
        dump_list(dump, row, object);
        break;
    case SHAPE_INHERITED:
        dump_rows(dump, row->rows, object + row->offset);
        break;
    }
}

void dump_rows(struct dump *dump, const struct schema_row *rows, const void *object)
{
    for (const struct schema_row *row = rows; row->name != NULL; row++) {
        if (row->applies == NULL || row->applies(object)) {
            dump_row(dump, row, object);
        }
    }
}

void config_dump(const struct config *config, FILE *stream)
{
    struct dump dump = {.stream = stream};

    dump_rows(&dump, schema_rows, config);
}

static char *make_text(const struct schema_row *rows, const void *object)
{
    char *text = NULL;
    size_t length;
    struct dump dump = {.stream = open_memstream(&text, &length)};

    if (dump.stream == NULL) {
        return NULL;
    }
    dump_rows(&dump, rows, object);
    if (fclose(dump.stream) != 0) {
        free(text);
        return NULL;
    }
    return text;
}

char *config_route_text(const struct route_config *route)
{
    struct route_config shown = *route;

    shown.settings.on_reload = ON_RELOAD_KEEP;
    return make_text(schema_route_rows, &shown);
}

char *config_key_text(const struct config *config, const struct schema_row *row)
{
    const struct schema_row rows[] = {*row, {.name = NULL}};

    return make_text(rows, config);
}

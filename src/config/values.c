/*
 * The types of single values: booleans, numbers with and without units, words, texts, modes.
 */
#include "config/dump.h"
#include "config/reader.h"
#include "config/units.h"

#include <inttypes.h>
#include <stdlib.h>
#include <string.h>

enum { CHOICES_MAX = 16 };

const struct schema_choice *schema_find_choice(const struct schema_choice *choices,
                                               const char *name)
{
    for (; choices != NULL && choices->name != NULL; choices++) {
        if (strcmp(choices->name, name) == 0) {
            return choices;
        }
    }
    return NULL;
}

static const char *choice_name(const struct schema_choice *choices, uint64_t value)
{
    for (; choices != NULL && choices->name != NULL; choices++) {
        if (choices->value == value) {
            return choices->name;
        }
    }
    return NULL;
}

/* ---- numbers in fields of four or eight bytes ---- */

static void store_number(const struct schema_row *row, void *object, uint64_t value)
{
    char *field = (char *)object + row->offset;

    if (row->bytes == sizeof(uint32_t)) {
        uint32_t narrow = (uint32_t)value;
        memcpy(field, &narrow, sizeof narrow);
    } else {
        memcpy(field, &value, sizeof value);
    }
}

static uint64_t load_number(const struct schema_row *row, const void *object)
{
    const char *field = (const char *)object + row->offset;
    uint64_t value;

    if (row->bytes == sizeof(uint32_t)) {
        uint32_t narrow;
        memcpy(&narrow, field, sizeof narrow);
        return narrow;
    }
    memcpy(&value, field, sizeof value);
    return value;
}

/* Stores what the word stands for, if the row knows it. */
static bool store_choice(const struct schema_row *row, void *object, const char *word)
{
    const struct schema_choice *choice = schema_find_choice(row->choices, word);

    if (choice == NULL) {
        return false;
    }
    store_number(row, object, choice->value);
    return true;
}

static bool report_range(struct reader *reader, const struct unit_system *units,
                         const struct schema_row *row, struct node *node)
{
    char minimum[UNITS_TEXT_BYTES];
    char maximum[UNITS_TEXT_BYTES];

    units_format(units, row->minimum, minimum);
    units_format(units, row->maximum, maximum);
    return reader_error(reader, node, "%.40s is out of range (%s to %s)", node->text, minimum,
                        maximum);
}

static bool read_number(struct reader *reader, const struct unit_system *units,
                        const struct schema_row *row, struct node *node, void *object)
{
    char problem[UNITS_PROBLEM_BYTES];
    uint64_t value;

    if (!reader_expect_scalar(reader, node)) {
        return false;
    }
    if (store_choice(row, object, node->text)) {
        return true;
    }
    if (!units_parse(units, node->text, &value, problem)) {
        return reader_error(reader, node, "%s%s%s", problem, row->choices != NULL ? ", or " : "",
                            row->choices != NULL ? row->choices->name : "");
    }
    if (value < row->minimum || value > row->maximum) {
        return report_range(reader, units, row, node);
    }
    store_number(row, object, value);
    return true;
}

static void write_number(struct dump *dump, const struct unit_system *units,
                         const struct schema_row *row, const void *object)
{
    char text[UNITS_TEXT_BYTES];
    uint64_t value = load_number(row, object);
    const char *name = choice_name(row->choices, value);

    units_format(units, value, text);
    fprintf(dump->stream, " %s\n", name != NULL ? name : text);
}

static bool read_integer(struct reader *reader, const struct schema_row *row, struct node *node,
                         void *object)
{
    return read_number(reader, &units_none, row, node, object);
}

static void write_integer(struct dump *dump, const struct schema_row *row, const void *object)
{
    write_number(dump, &units_none, row, object);
}

static bool read_size(struct reader *reader, const struct schema_row *row, struct node *node,
                      void *object)
{
    return read_number(reader, &units_size, row, node, object);
}

static void write_size(struct dump *dump, const struct schema_row *row, const void *object)
{
    write_number(dump, &units_size, row, object);
}

static bool read_duration(struct reader *reader, const struct schema_row *row, struct node *node,
                          void *object)
{
    return read_number(reader, &units_duration, row, node, object);
}

static void write_duration(struct dump *dump, const struct schema_row *row, const void *object)
{
    write_number(dump, &units_duration, row, object);
}

const struct schema_type schema_integer = {
    .name = "number", .read = read_integer, .write = write_integer};
const struct schema_type schema_size = {.name = "size", .read = read_size, .write = write_size};
const struct schema_type schema_duration = {
    .name = "duration", .read = read_duration, .write = write_duration};

/* ---- booleans ---- */

/* What YAML 1.1 would have taken for a boolean, and people still write. */
static const struct schema_choice boolean_lookalikes[] = {
    {"yes", true}, {"no", false}, {"on", true}, {"off", false}, {"y", true},
    {"n", false},  {"1", true},   {"0", false}, {NULL, 0}};

static const struct schema_choice *find_lookalike(const char *text)
{
    for (const struct schema_choice *word = boolean_lookalikes; word->name != NULL; word++) {
        if (strcasecmp(word->name, text) == 0) {
            return word;
        }
    }
    return NULL;
}

static bool read_bool(struct reader *reader, const struct schema_row *row, struct node *node,
                      void *object)
{
    if (!reader_expect_scalar(reader, node)) {
        return false;
    }
    bool value = strcmp(node->text, "true") == 0;
    if (!value && strcmp(node->text, "false") != 0) {
        const struct schema_choice *word = find_lookalike(node->text);
        if (word != NULL) {
            return reader_error(reader, node, "\"%s\" is no boolean: write %s", node->text,
                                word->value ? "true" : "false");
        }
        return reader_error(reader, node, "\"%.64s\" is neither true nor false", node->text);
    }
    memcpy((char *)object + row->offset, &value, sizeof value);
    return true;
}

static void write_bool(struct dump *dump, const struct schema_row *row, const void *object)
{
    bool value;

    memcpy(&value, (const char *)object + row->offset, sizeof value);
    fprintf(dump->stream, " %s\n", value ? "true" : "false");
}

const struct schema_type schema_bool = {.name = "boolean", .read = read_bool, .write = write_bool};

/* ---- words ---- */

static bool read_enum(struct reader *reader, const struct schema_row *row, struct node *node,
                      void *object)
{
    const char *names[CHOICES_MAX];
    size_t count = 0;

    if (!reader_expect_scalar(reader, node)) {
        return false;
    }
    if (store_choice(row, object, node->text)) {
        return true;
    }
    while (count < CHOICES_MAX && row->choices[count].name != NULL) {
        names[count] = row->choices[count].name;
        count++;
    }
    return reader_unknown_value(reader, node, names, count);
}

static void write_enum(struct dump *dump, const struct schema_row *row, const void *object)
{
    fprintf(dump->stream, " %s\n", choice_name(row->choices, load_number(row, object)));
}

const struct schema_type schema_enum = {.name = "word", .read = read_enum, .write = write_enum};

/* ---- texts ---- */

static char **string_field(const struct schema_row *row, void *object)
{
    return (char **)(void *)((char *)object + row->offset);
}

static const char *string_of(const struct schema_row *row, const void *object)
{
    return *(const char *const *)(const void *)((const char *)object + row->offset);
}

static bool read_string(struct reader *reader, const struct schema_row *row, struct node *node,
                        void *object)
{
    if (!reader_expect_text(reader, node)) {
        return false;
    }
    *string_field(row, object) = reader_copy(reader, node, node->text);
    return *string_field(row, object) != NULL;
}

static void write_string(struct dump *dump, const struct schema_row *row, const void *object)
{
    dump_text_line(dump, string_of(row, object));
}

static bool string_is_set(const struct schema_row *row, const void *object)
{
    return string_of(row, object) != NULL;
}

static void clear_string(const struct schema_row *row, void *object)
{
    free(*string_field(row, object));
}

const struct schema_type schema_string = {.name = "text",
                                          .read = read_string,
                                          .write = write_string,
                                          .is_set = string_is_set,
                                          .clear = clear_string};
const struct schema_type schema_path = {.name = "path",
                                        .read = read_string,
                                        .write = write_string,
                                        .is_set = string_is_set,
                                        .clear = clear_string};

/* ---- permissions ---- */

static bool read_mode(struct reader *reader, const struct schema_row *row, struct node *node,
                      void *object)
{
    if (!reader_expect_scalar(reader, node)) {
        return false;
    }
    const char *digits = node->text + (node->text[0] == '0' ? 1 : 0);
    if (strlen(digits) != 3 || strspn(digits, "01234567") != 3) {
        return reader_error(reader, node, "\"%.40s\" is no mode, such as 0660", node->text);
    }
    store_number(row, object, strtoul(digits, NULL, 8));
    return true;
}

static void write_mode(struct dump *dump, const struct schema_row *row, const void *object)
{
    fprintf(dump->stream, " \"%04" PRIo64 "\"\n", load_number(row, object));
}

const struct schema_type schema_mode = {.name = "mode", .read = read_mode, .write = write_mode};

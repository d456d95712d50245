/*
 * getopt_long, described by the table.
 */
#include "base/option_table.h"

#include <assert.h>
#include <string.h>

/* What getopt_long returns for row i if that has no letter: this and i. */
enum { LONG_ONLY = 256 };

static const struct option_text *row_at(const struct option_table *table, int i)
{
    return (const struct option_text *)((const char *)table->rows + (size_t)i * table->row_bytes);
}

static int value_of(const struct option_table *table, int i)
{
    const struct option_text *row = row_at(table, i);

    return row->letter != 0 ? row->letter : LONG_ONLY + i;
}

void option_reader_init(struct option_reader *reader, const struct option_table *table)
{
    char *letter = reader->letters;

    assert(table->count <= OPTIONS_MAX);
    *reader = (struct option_reader){.table = table};
    *letter++ = ':'; /* keeps getopt_long from printing messages of its own */
    for (int i = 0; i < table->count; i++) {
        const struct option_text *row = row_at(table, i);

        reader->names[i] = (struct option){
            .name = row->name,
            .has_arg = row->argument != NULL ? required_argument : no_argument,
            .val = value_of(table, i),
        };
        if (row->letter != 0) {
            *letter++ = row->letter;
        }
        if (row->letter != 0 && row->argument != NULL) {
            *letter++ = ':';
        }
    }
    optind = 0; /* makes glibc's getopt_long begin anew */
}

/* By what getopt_long returns; -1: none. */
static int find_row(const struct option_table *table, int value)
{
    int i = 0;

    while (i < table->count && value_of(table, i) != value) {
        i++;
    }
    return i < table->count ? i : -1;
}

/* The first name, from row i on, that begins with the word up to its '='; NULL: none. */
static const char *find_abbreviated(const struct option_table *table, int *i, const char *word)
{
    size_t length = strcspn(word, "=");

    while (*i < table->count) {
        const char *name = row_at(table, (*i)++)->name;

        if (strncmp(name, word, length) == 0) {
            return name;
        }
    }
    return NULL;
}

/* `word` is "--" and a name that getopt_long does not know, or an abbreviation of several. */
static void describe_unknown(struct option_reader *reader, const char *word)
{
    int i = 0;
    const char *first = find_abbreviated(reader->table, &i, word + 2);
    const char *second = find_abbreviated(reader->table, &i, word + 2);

    if (second == NULL) {
        snprintf(reader->mistake, sizeof reader->mistake, "unknown option \"%s\"", word);
    } else {
        snprintf(reader->mistake, sizeof reader->mistake, "\"%s\" may be --%s or --%s", word, first,
                 second);
    }
}

/* `value` is what getopt_long returned for a mistake: ':' or '?'. */
static int describe_mistake(struct option_reader *reader, int value, const char *word)
{
    int i = optopt != 0 ? find_row(reader->table, optopt) : -1;
    const struct option_text *row = i >= 0 ? row_at(reader->table, i) : NULL;

    if (row != NULL && value == ':') {
        snprintf(reader->mistake, sizeof reader->mistake, "--%s needs its %s", row->name,
                 row->argument);
    } else if (row != NULL) {
        snprintf(reader->mistake, sizeof reader->mistake, "\"%s\": --%s takes no argument", word,
                 row->name);
    } else if (optopt != 0) {
        snprintf(reader->mistake, sizeof reader->mistake, "unknown option \"-%c\"", optopt);
    } else {
        describe_unknown(reader, word);
    }
    return OPTION_MISTAKE;
}

int option_reader_next(struct option_reader *reader, int argc, char **argv)
{
    int value = getopt_long(argc, argv, reader->letters, reader->names, NULL);

    if (value == -1) {
        return OPTION_END;
    }
    return value == '?' || value == ':' ? describe_mistake(reader, value, argv[optind - 1])
                                        : find_row(reader->table, value);
}

static void print_row(const struct option_text *row, int column, FILE *stream)
{
    char letter[5] = "    ";
    int used;

    if (row->letter != 0) {
        snprintf(letter, sizeof letter, "-%c, ", row->letter);
    }
    used = fprintf(stream, "  %s--%s%s%s", letter, row->name, row->argument != NULL ? " " : "",
                   row->argument != NULL ? row->argument : "");
    fprintf(stream, "%*s%s\n", used < column ? column - used : 1, "", row->help);
}

void option_table_print(const struct option_table *table, int column, FILE *stream)
{
    for (int i = 0; i < table->count; i++) {
        print_row(row_at(table, i), column, stream);
    }
}

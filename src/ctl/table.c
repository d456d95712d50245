/*
 * Tables.
 */
#include "ctl/table.h"

#include "ctl/escape.h"
#include "ctl/memory.h"

#include <stdlib.h>

struct cell {
    char *text; /* escaped */
    size_t bytes;
    size_t width;
};

struct table {
    const struct table_column *columns;
    size_t column_count;
    size_t widths[TABLE_COLUMNS_MAX];
    bool titles_written;
    struct cell *cells;
    size_t count;
    size_t capacity;
};

struct table *table_create(const struct table_column *columns)
{
    struct table *table = memory_got(calloc(1, sizeof *table));

    table->columns = columns;
    while (table->column_count < TABLE_COLUMNS_MAX && columns[table->column_count].title != NULL) {
        table->widths[table->column_count] = strlen(columns[table->column_count].title);
        table->column_count++;
    }
    return table;
}

static struct cell make_cell(struct slice text)
{
    struct cell cell = {.text = NULL};
    FILE *stream = memory_got(open_memstream(&cell.text, &cell.bytes));

    escape_print(stream, text.length > 0 ? text : SLICE("-"));
    fclose(stream);
    memory_got(cell.text);
    cell.width = escape_columns((struct slice){cell.text, cell.bytes});
    return cell;
}

void table_add(struct table *table, struct slice text)
{
    size_t column = table->count % table->column_count;
    struct cell cell = make_cell(text);

    if (table->count == table->capacity) {
        table->capacity = 2 * table->capacity + TABLE_COLUMNS_MAX;
        table->cells =
            memory_got(reallocarray(table->cells, table->capacity, sizeof *table->cells));
    }
    table->cells[table->count++] = cell;
    if (cell.width > table->widths[column]) {
        table->widths[column] = cell.width;
    }
}

/* The last column has no blanks behind it. */
static void print_cell(const struct table *table, size_t column, struct slice text, size_t width,
                       FILE *stream)
{
    bool is_last = column + 1 == table->column_count;
    bool is_number = table->columns[column].is_number;
    int blanks = (int)(table->widths[column] - width);

    fprintf(stream, "%*s", is_number ? blanks : 0, "");
    fwrite(text.data, 1, text.length, stream);
    fprintf(stream, "%*s", is_number || is_last ? 0 : blanks, "");
    fputs(is_last ? "\n" : "  ", stream);
}

static void print_titles(struct table *table, FILE *stream)
{
    for (size_t i = 0; i < table->column_count; i++) {
        struct slice title = slice_of(table->columns[i].title);

        print_cell(table, i, title, title.length, stream);
    }
    table->titles_written = true;
}

static void forget_rows(struct table *table)
{
    for (size_t i = 0; i < table->count; i++) {
        free(table->cells[i].text);
    }
    table->count = 0;
}

void table_print(struct table *table, FILE *stream)
{
    if (!table->titles_written) {
        print_titles(table, stream);
    }
    for (size_t i = 0; i < table->count; i++) {
        const struct cell *cell = &table->cells[i];

        print_cell(table, i % table->column_count, (struct slice){cell->text, cell->bytes},
                   cell->width, stream);
    }
    forget_rows(table);
}

void table_free(struct table *table)
{
    if (table != NULL) {
        forget_rows(table);
        free(table->cells);
        free(table);
    }
}

/*
 * Writing what `watch` shows.
 */
#include "ctl/view.h"

#include "ctl/escape.h"
#include "ctl/field.h"
#include "ctl/human.h"
#include "ctl/memory.h"
#include "ctl/row.h"

#include <stdlib.h>
#include <time.h>

enum { SILENCE_SHOWN_MS = 1000, CLOCK_BYTES = 16 };

static void write_clock(FILE *stream)
{
    time_t now = time(NULL);
    struct tm local;
    char text[CLOCK_BYTES] = "";

    if (localtime_r(&now, &local) != NULL) {
        strftime(text, sizeof text, "%H:%M:%S", &local);
    }
    fprintf(stream, "%s  ", text);
}

/* ---- the process ---- */

static void print_process(FILE *stream, const json_t *status)
{
    char uptime[HUMAN_TEXT_BYTES];

    human_duration(field_number(status, "uptime_seconds"), uptime);
    write_clock(stream);
    fputs("wsrelayd ", stream);
    escape_print(stream, field_text(status, "version"));
    fputs("  ", stream);
    escape_print(stream, field_text(status, "state"));
    fprintf(stream, "  up %s  process %.0f", uptime, field_number(status, "pid"));
}

static void print_inventory(FILE *stream, const json_t *status)
{
    char memory[HUMAN_TEXT_BYTES];

    human_bytes(field_number(status, "memory_resident_bytes"), memory);
    fprintf(stream,
            "connections %.0f  pending %.0f  rooms %.0f  listeners %.0f  memory %s  "
            "open files %.0f/%.0f",
            field_number(status, "connections"), field_number(status, "pending"),
            field_number(status, "rooms"), field_number(status, "listeners"), memory,
            field_number(status, "open_files"), field_number(status, "open_files_limit"));
}

/* How much of a line fits whose items have two blanks between them: an item that does not is left
 * out as a whole, as half a number reads as another. */
static size_t fitting_items(struct slice line, size_t columns)
{
    size_t bytes = escape_fitting(line, columns);

    while (bytes > 0 && bytes < line.length && memcmp(line.data + bytes, "  ", 2) != 0) {
        bytes--;
    }
    return bytes;
}

static void write_items(FILE *stream, const json_t *status, size_t columns,
                        void (*print)(FILE *stream, const json_t *status))
{
    char *text = NULL;
    size_t length;
    FILE *items = memory_got(open_memstream(&text, &length));

    print(items, status);
    fclose(items);
    fwrite(memory_got(text), 1, fitting_items((struct slice){text, length}, columns), stream);
    fputc('\n', stream);
    free(text);
}

/* Workers that have left a question unanswered for long. */
static void write_silent(FILE *stream, const json_t *workers)
{
    const json_t *worker;
    size_t i;
    bool found = false;

    json_array_foreach(workers, i, worker)
    {
        double silent_ms = field_number(worker, "turn_age_ms");

        if (silent_ms >= SILENCE_SHOWN_MS) {
            fprintf(stream, "%sworker %.0f for %.1f s", found ? ", " : "NO ANSWER from ",
                    field_number(worker, "index"), silent_ms / 1000);
            found = true;
        }
    }
    fputs(found ? "\n" : "", stream);
}

/* ---- rates ---- */

static void add_rate(struct table *table, double rate, void (*write)(double, char *))
{
    char text[HUMAN_TEXT_BYTES] = "";

    if (rate >= 0) {
        write(rate, text);
    }
    table_add(table, slice_of(text));
}

static void write_rates(FILE *stream, const struct sample *sample, const struct sample *earlier)
{
    static const struct table_column columns[] = {
        {"A SECOND", false}, {"MESSAGES", true}, {"PAYLOAD", true}, {NULL, false}};
    static const char *const rows[][3] = {{"in", "messages_in", "bytes_in"},
                                          {"out", "messages_out", "bytes_out"}};
    struct table *table = table_create(columns);

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        table_add(table, slice_of(rows[i][0]));
        add_rate(table, sample_rate(sample, earlier, rows[i][1]), human_rate);
        add_rate(table, sample_rate(sample, earlier, rows[i][2]), human_bytes);
    }
    table_print(table, stream);
    table_free(table);
}

/* ---- rooms and slow readers ---- */

static void write_top(FILE *stream, const struct top *top, const struct row_column *row_columns,
                      size_t rows)
{
    struct table_column columns[TABLE_COLUMNS_MAX + 1];
    struct table *table;

    if (top->count == 0) {
        fputs("none\n", stream);
        return;
    }
    row_make_columns(row_columns, columns);
    table = table_create(columns);
    for (size_t i = 0; i < top->count && i < rows; i++) {
        row_add(table, row_columns, top->rows[i]);
    }
    table_print(table, stream);
    table_free(table);
}

static void write_title(FILE *stream, const char *title, bool has_more)
{
    fprintf(stream, "\n%s", title);
    if (has_more) {
        fprintf(stream, ", of the first %d", SAMPLE_ROWS_MAX);
    }
    fputc('\n', stream);
}

static void write_rooms(FILE *stream, const struct sample *sample, size_t rows)
{
    static const struct row_column columns[] = {
        {"MEMBERS", "members", ROW_COUNT},
        {"NAMESPACE", "namespace", ROW_TEXT},
        {"NAME", "name", ROW_TEXT},
        {NULL, NULL, ROW_TEXT},
    };

    write_title(stream, "Largest rooms", sample->has_more_rooms);
    write_top(stream, &sample->rooms, columns, rows);
}

static void write_slow_readers(FILE *stream, const struct sample *sample, size_t rows)
{
    static const struct row_column columns[] = {
        {"QUEUE", "queue_bytes", ROW_BYTES},
        {"ID", "id", ROW_TEXT},
        {"ADDRESS", "address", ROW_PEER},
        {"AGE", "age_seconds", ROW_SECONDS},
        {"ROUTE", "route", ROW_TEXT},
        {"ROOM", "room", ROW_TEXT},
        {NULL, NULL, ROW_TEXT},
    };

    write_title(stream, "Slow readers", sample->has_more_connections);
    write_top(stream, &sample->connections, columns, rows);
}

void view_write(FILE *stream, const struct sample *sample, const struct sample *earlier,
                size_t rows, size_t columns)
{
    if (sample->status == NULL) {
        write_clock(stream);
        escape_print(stream, slice_of(sample->failure.text));
        fputc('\n', stream);
        return;
    }
    write_items(stream, sample->status, columns, print_process);
    write_items(stream, sample->status, columns, print_inventory);
    write_silent(stream, json_object_get(sample->status, "workers"));
    fputc('\n', stream);
    write_rates(stream, sample, earlier);
    write_rooms(stream, sample, rows);
    write_slow_readers(stream, sample, rows);
}

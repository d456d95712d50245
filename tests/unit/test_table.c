/*
 * Tests of ctl/table.c and ctl/row.c: columns are aligned whatever stands in them.
 */
#include "ctl/table.h"

#include "ctl/escape.h"
#include "ctl/row.h"
#include "suite.h"

#include <stdlib.h>

static const struct table_column columns[] = {
    {"NAME", false}, {"N", true}, {"X", false}, {NULL, false}};

static char *printed;

static void print(struct table *table)
{
    size_t length;
    FILE *stream;

    free(printed);
    stream = open_memstream(&printed, &length);
    ck_assert_ptr_nonnull(stream);
    table_print(table, stream);
    fclose(stream);
}

static void forget(void)
{
    free(printed);
    printed = NULL;
}

static void add(struct table *table, const char *name, const char *number, const char *x)
{
    table_add(table, slice_of(name));
    table_add(table, slice_of(number));
    table_add(table, slice_of(x));
}

START_TEST(test_an_empty_table_has_its_titles)
{
    struct table *table = table_create(columns);

    print(table);
    ck_assert_str_eq(printed, "NAME  N  X\n");
    table_free(table);
}
END_TEST

START_TEST(test_columns_are_as_wide_as_their_widest_cell)
{
    struct table *table = table_create(columns);

    add(table, "lobby", "1", "short");
    add(table, "a", "100", "longer than its title");
    print(table);
    ck_assert_str_eq(printed, "NAME     N  X\n"
                              "lobby    1  short\n"
                              "a      100  longer than its title\n");
    table_free(table);
}
END_TEST

START_TEST(test_wide_characters_and_escapes_count_as_they_are_shown)
{
    struct table *table = table_create(columns);

    add(table, "部屋", "1", "");
    add(table, "\x1b[m", "2", "-");
    add(table, "é", "3", "\n");
    print(table);
    ck_assert_str_eq(printed, "NAME    N  X\n"
                              "部屋    1  -\n"
                              "\\x1b[m  2  -\n"
                              "é       3  \\x0a\n");
    table_free(table);
}
END_TEST

START_TEST(test_a_column_is_no_wider_than_what_is_shown_in_it)
{
    struct table *table = table_create(columns);

    add(table, "123456789", "1", "x");
    add(table, "部屋部屋", "2", "x");
    print(table);
    ck_assert_str_eq(printed, "NAME       N  X\n"
                              "123456789  1  x\n"
                              "部屋部屋   2  x\n");
    table_free(table);
}
END_TEST

START_TEST(test_pieces_make_one_table_that_never_gets_narrower)
{
    struct table *table = table_create(columns);

    add(table, "long name", "1", "x");
    print(table);
    ck_assert_str_eq(printed, "NAME       N  X\nlong name  1  x\n");
    add(table, "a", "22", "x");
    print(table);
    ck_assert_str_eq(printed, "a          22  x\n");
    table_free(table);
}
END_TEST

START_TEST(test_what_was_not_printed_is_freed)
{
    struct table *table = table_create(columns);

    for (int i = 0; i < 100; i++) {
        add(table, "a", "b", "c");
    }
    table_free(table);
    table_free(NULL);
}
END_TEST

/* ---- rows ---- */

static const struct row_column row_columns[] = {
    {"TEXT", "text", ROW_TEXT},    {"PEER", "address", ROW_PEER}, {"COUNT", "count", ROW_COUNT},
    {"BYTES", "bytes", ROW_BYTES}, {"TIME", "time", ROW_SECONDS}, {NULL, NULL, ROW_TEXT},
};

static void print_row(const char *json)
{
    struct table_column made[TABLE_COLUMNS_MAX + 1];
    json_t *row = json_loads(json, 0, NULL);
    struct table *table;

    ck_assert_ptr_nonnull(row);
    row_make_columns(row_columns, made);
    table = table_create(made);
    row_add(table, row_columns, row);
    print(table);
    table_free(table);
    json_decref(row);
}

static const struct {
    const char *json;
    const char *line;
} rows[] = {
    {"{\"text\": \"a\", \"address\": \"192.0.2.1\", \"port\": 80, \"count\": 5, \"bytes\": 2048, "
     "\"time\": 61.5}",
     "a     192.0.2.1:80      5  2.0KiB  1m01s\n"},
    {"{\"text\": \"a\", \"address\": \"2001:db8::1\", \"port\": 80}",
     "a     [2001:db8::1]:80      0     0B    0s\n"},
    {"{\"text\": null, \"address\": \"unix\", \"port\": null}", "-     unix      0     0B    0s\n"},
    {"{}", "-     -         0     0B    0s\n"},
    {"{\"text\": 1, \"address\": [], \"count\": \"x\"}", "-     -         0     0B    0s\n"},
};

START_TEST(test_a_row_is_made_of_what_there_is)
{
    print_row(rows[_i].json);
    ck_assert_str_eq(strchr(printed, '\n') + 1, rows[_i].line);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("table");
    TCase *tests = suite_case(suite, "table");

    escape_init();
    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_test(tests, test_an_empty_table_has_its_titles);
    tcase_add_test(tests, test_columns_are_as_wide_as_their_widest_cell);
    tcase_add_test(tests, test_wide_characters_and_escapes_count_as_they_are_shown);
    tcase_add_test(tests, test_a_column_is_no_wider_than_what_is_shown_in_it);
    tcase_add_test(tests, test_pieces_make_one_table_that_never_gets_narrower);
    tcase_add_test(tests, test_what_was_not_printed_is_freed);
    tcase_add_loop_test(tests, test_a_row_is_made_of_what_there_is, 0, sizeof rows / sizeof *rows);
    return suite_run(suite);
}

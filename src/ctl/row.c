/*
 * Making rows.
 */
#include "ctl/row.h"

#include "ctl/field.h"
#include "ctl/human.h"

#include <stdio.h>

enum { PEER_BYTES = 160 };

void row_make_columns(const struct row_column *row_columns,
                      struct table_column columns[TABLE_COLUMNS_MAX + 1])
{
    size_t i;

    for (i = 0; i < TABLE_COLUMNS_MAX && row_columns[i].title != NULL; i++) {
        columns[i] = (struct table_column){
            .title = row_columns[i].title,
            .is_number = row_columns[i].kind != ROW_TEXT && row_columns[i].kind != ROW_PEER,
        };
    }
    columns[i] = (struct table_column){.title = NULL};
}

/* As a user would write it: an IPv6 address in brackets. */
static void add_peer(struct table *table, const json_t *row, const char *member)
{
    struct slice address = field_text(row, member);
    bool is_v6 = address.length > 0 && memchr(address.data, ':', address.length) != NULL;
    char text[PEER_BYTES];

    if (!field_is_known(row, "port")) {
        table_add(table, address);
        return;
    }
    snprintf(text, sizeof text, is_v6 ? "[%.*s]:%.0f" : "%.*s:%.0f",
             (int)(address.length < 100 ? address.length : 100), address.data,
             field_number(row, "port"));
    table_add(table, slice_of(text));
}

static void add_number(struct table *table, const struct row_column *column, double number)
{
    char text[HUMAN_TEXT_BYTES];

    switch (column->kind) {
    case ROW_RATE:
        human_rate(number, text);
        break;
    case ROW_BYTES:
        human_bytes(number, text);
        break;
    case ROW_SECONDS:
        human_duration(number, text);
        break;
    default:
        human_count(number, text);
        break;
    }
    table_add(table, slice_of(text));
}

void row_add(struct table *table, const struct row_column *row_columns, const json_t *row)
{
    for (const struct row_column *column = row_columns; column->title != NULL; column++) {
        if (column->kind == ROW_PEER) {
            add_peer(table, row, column->member);
        } else if (column->kind == ROW_TEXT) {
            table_add(table, field_text(row, column->member));
        } else {
            add_number(table, column, field_number(row, column->member));
        }
    }
}

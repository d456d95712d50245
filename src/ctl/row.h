/*
 * Rows of tables, made of what the daemon says of a connection or a room.
 */
#ifndef WSRELAYD_CTL_ROW_H
#define WSRELAYD_CTL_ROW_H

#include "ctl/table.h"

#include <jansson.h>

/* What the cells of a row are made of; ended by a NULL title. ROW_PEER is an address, which the
 * port follows if there is one. */
struct row_column {
    const char *title;
    const char *member;
    enum { ROW_TEXT, ROW_COUNT, ROW_RATE, ROW_BYTES, ROW_SECONDS, ROW_PEER } kind;
};

/* The columns of a table, which are those of its rows. */
void row_make_columns(const struct row_column *row_columns,
                      struct table_column columns[TABLE_COLUMNS_MAX + 1]);

void row_add(struct table *table, const struct row_column *row_columns, const json_t *row);

#endif

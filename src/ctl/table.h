/*
 * Rows of cells in aligned columns, which are as wide as their widest cell.
 */
#ifndef WSRELAYD_CTL_TABLE_H
#define WSRELAYD_CTL_TABLE_H

#include "base/slice.h"

#include <stdbool.h>
#include <stdio.h>

enum { TABLE_COLUMNS_MAX = 20 };

struct table_column {
    const char *title;
    bool is_number; /* aligned to the right */
};

/* `columns` outlives the table, ends with a NULL title and has at most TABLE_COLUMNS_MAX more. */
struct table *table_create(const struct table_column *columns);

/* Adds the next cell, row by row. Its text is escaped; "-" stands for an empty one. */
void table_add(struct table *table, struct slice text);

/*
 * Writes the rows, the first time with the titles above them, and forgets them. The columns never
 * get narrower, so that what is printed piece by piece stays one table.
 */
void table_print(struct table *table, FILE *stream);

void table_free(struct table *table);

#endif

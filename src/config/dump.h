/*
 * Writes a configuration as YAML, block style, along the schema's rows.
 */
#ifndef WSRELAYD_CONFIG_DUMP_H
#define WSRELAYD_CONFIG_DUMP_H

#include "config/schema.h"

#include <stdio.h>

struct dump {
    FILE *stream;
    int depth; /* of the mapping being written; the outermost is 0 */
    bool item; /* the next key is the first of a list's element and gets the dash */
};

/* Writes every row that is set and applies, one key a line, at the dump's depth. */
void dump_rows(struct dump *dump, const struct schema_row *rows, const void *object);

/* Writes the indentation, the key and its colon. */
void dump_key(struct dump *dump, const char *key);

/* Writes a text in double quotes, so that reading it gives the same bytes. */
void dump_text(struct dump *dump, const char *text);

/* The same, as the rest of its line. */
void dump_text_line(struct dump *dump, const char *text);

#endif

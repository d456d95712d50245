/*
 * The options of a command line, from a table that also says what help prints of them.
 */
#ifndef WSRELAYD_BASE_OPTION_TABLE_H
#define WSRELAYD_BASE_OPTION_TABLE_H

#include <getopt.h>
#include <stddef.h>
#include <stdio.h>

/* What every row of such a table begins with. */
struct option_text {
    char letter; /* 0: only the long form */
    const char *name;
    const char *argument; /* what help calls it; NULL: the option takes none */
    const char *help;
};

struct option_table {
    const void *rows; /* of any struct that begins with a struct option_text */
    size_t row_bytes;
    int count; /* at most OPTIONS_MAX */
};

enum { OPTIONS_MAX = 64, OPTION_MISTAKE_BYTES = 512 };

struct option_reader {
    const struct option_table *table;
    char letters[2 * OPTIONS_MAX + 2]; /* getopt_long's descriptions of the table */
    struct option names[OPTIONS_MAX + 1];
    char
        mistake[OPTION_MISTAKE_BYTES]; /* after OPTION_MISTAKE: what is wrong; may hold any bytes */
};

/* Begins with the first word behind the program's name. */
void option_reader_init(struct option_reader *reader, const struct option_table *table);

enum { OPTION_END = -1, OPTION_MISTAKE = -2 };

/*
 * The row of the next option, from 0 on, with its argument in getopt's `optarg`; OPTION_END when
 * only words are left, which stand from `optind` on; or OPTION_MISTAKE. Options may stand anywhere.
 */
int option_reader_next(struct option_reader *reader, int argc, char **argv);

/* Prints a line for each option, its help from this column on. */
void option_table_print(const struct option_table *table, int column, FILE *stream);

#endif

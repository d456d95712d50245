/*
 * Long options from a table: what the command line may say, where it goes and the help text.
 */
#ifndef WSRELAYD_BENCH_OPTIONS_H
#define WSRELAYD_BENCH_OPTIONS_H

enum option_type {
    OPTION_FLAG,   /* target: bool */
    OPTION_NUMBER, /* target: unsigned long */
    OPTION_TEXT,   /* target: const char *, which then points into argv */
};

struct option_row {
    const char *name;
    enum option_type type;
    void *target; /* holds the default */
    const char *help;
};

/*
 * Reads the options of argv into their targets and returns the one argument that is left. Prints
 * `synopsis` and the table and ends the program for --help and for whatever is not in the table.
 * The table ends with a row without a name.
 */
const char *options_parse(const struct option_row *rows, const char *synopsis, int argc,
                          char **argv);

/* Prints the usage to standard error and ends the program. */
_Noreturn void options_fail(const struct option_row *rows, const char *synopsis);

#endif

/*
 * The command line.
 */
#ifndef WSRELAYD_OPTIONS_H
#define WSRELAYD_OPTIONS_H

#include "base/log.h"
#include "base/option_table.h"

#include <stdbool.h>
#include <stdio.h>

#define OPTIONS_DEFAULT_CONFIG WSRELAYD_SYSCONFDIR "/wsrelayd/wsrelayd.yaml"

struct options {
    const char *config_path;
    enum {
        ACTION_SERVE,
        ACTION_CHECK,
        ACTION_DUMP,
        ACTION_VERSION,
        ACTION_BUILD_INFO,
        ACTION_HELP
    } action;
    bool log_level_set;
    enum log_level log_level;
};

/* One option; what getopt_long is told and what --help prints derive from the table of them. */
struct options_row {
    struct option_text text; /* each has a letter */
    int action;              /* what the option makes the program do; ACTION_SERVE: no change */
};

/* Ended by a row without a name. */
extern const struct options_row options_rows[];

/*
 * Reads the command line. Strings in `options` point into argv. Returns false after one line on
 * standard error when there is a mistake.
 */
bool options_parse(int argc, char **argv, struct options *options);

void options_print_help(FILE *stream);

#endif

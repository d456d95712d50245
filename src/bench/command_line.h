/*
 * The command line: one table says what it may hold, where that goes and what --help prints.
 */
#ifndef WSRELAYD_BENCH_COMMAND_LINE_H
#define WSRELAYD_BENCH_COMMAND_LINE_H

#include "bench/settings.h"

#include <stdio.h>

enum command {
    COMMAND_RUN,
    COMMAND_HELP,
    COMMAND_VERSION,
    COMMAND_MISTAKE, /* which was told in a line on standard error */
};

/* Strings in `settings` point into argv. */
enum command command_line_parse(int argc, char **argv, struct settings *settings);

void command_line_print_help(FILE *stream);

#endif

/*
 * The command line.
 */
#ifndef WSRELAYD_CTL_ARGUMENTS_H
#define WSRELAYD_CTL_ARGUMENTS_H

#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>

enum { OPERANDS_MAX = 3 };

/* What it says, and defaults for the rest. Texts point into argv; NULL: not given. */
struct arguments {
    const struct verb *verb;
    const char *operands[OPERANDS_MAX + 1]; /* ended by NULL */
    const char *server;
    const char *token_file;
    const char *config;
    bool json;
    double timeout_s;
    const char *route;
    const char *namespace;
    const char *room;
    const char *address;
    const char *state;
    const char *prefix;
    uint64_t limit; /* of rows; 0: none was given */
    bool all;
    uint64_t code; /* 0: none was given */
    const char *reason;
    bool binary;
    bool wait;
    uint64_t signal_pid; /* 0: none was given */
    double interval_s;
    uint64_t count; /* 0: without end */
};

enum command { COMMAND_RUN, COMMAND_HELP, COMMAND_VERSION, COMMAND_MISTAKE };

/* Reads the command line. COMMAND_MISTAKE after one line on standard error. */
enum command arguments_parse(int argc, char **argv, struct arguments *arguments);

void arguments_print_help(FILE *stream);

#endif

/*
 * Long options from a table.
 */
#include "options.h"

#include <errno.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

static void print_usage(FILE *stream, const struct option_row *rows, const char *synopsis)
{
    static const char *const arguments[] = {"", " N", " TEXT"};

    fprintf(stream, "usage: %s\n", synopsis);
    for (; rows->name != NULL; rows++) {
        int width = 16 - (int)strlen(rows->name);

        fprintf(stream, "  --%s%-*s %s\n", rows->name, width, arguments[rows->type], rows->help);
    }
    fputs("  --help             print this\n", stream);
}

_Noreturn void options_fail(const struct option_row *rows, const char *synopsis)
{
    print_usage(stderr, rows, synopsis);
    exit(2);
}

static const struct option_row *find(const struct option_row *rows, const char *name)
{
    while (rows->name != NULL && strcmp(rows->name, name) != 0) {
        rows++;
    }
    return rows->name != NULL ? rows : NULL;
}

static bool parse_number(const char *text, unsigned long *number)
{
    char *end;

    errno = 0;
    *number = strtoul(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0;
}

/* Stores one option; `argument` is what follows it, or NULL. */
static bool store(const struct option_row *row, const char *argument)
{
    switch (row->type) {
    case OPTION_FLAG:
        *(bool *)row->target = true;
        return true;
    case OPTION_NUMBER:
        return argument != NULL && parse_number(argument, row->target);
    case OPTION_TEXT:
        *(const char **)row->target = argument;
        return argument != NULL;
    }
    return false;
}

const char *options_parse(const struct option_row *rows, const char *synopsis, int argc,
                          char **argv)
{
    const char *rest = NULL;

    for (int i = 1; i < argc; i++) {
        const struct option_row *row;

        if (strcmp(argv[i], "--help") == 0) {
            print_usage(stdout, rows, synopsis);
            exit(0);
        }
        if (strncmp(argv[i], "--", 2) != 0 && rest == NULL) {
            rest = argv[i];
            continue;
        }
        row = find(rows, argv[i] + strspn(argv[i], "-"));
        if (row == NULL || !store(row, argv[i + 1])) {
            options_fail(rows, synopsis);
        }
        i += row->type != OPTION_FLAG;
    }
    if (rest == NULL) {
        options_fail(rows, synopsis);
    }
    return rest;
}

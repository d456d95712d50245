/*
 * Reads the command line with getopt_long, and explains it.
 */
#include "options.h"

#include "config/schema.h"

#include <stdarg.h>
#include <string.h>

const struct options_row options_rows[] = {
    {{'c', "config", "FILE", "read FILE instead of " OPTIONS_DEFAULT_CONFIG}, ACTION_SERVE},
    {{'t', "check", NULL, "check the configuration completely, and exit"}, ACTION_CHECK},
    {{'T', "dump", NULL, "print the configuration with every default, and exit"}, ACTION_DUMP},
    {{'l', "log-level", "LEVEL", "how much is logged: " SCHEMA_LOG_LEVELS_TEXT}, ACTION_SERVE},
    {{'v', "version", NULL, "print the version, and exit"}, ACTION_VERSION},
    {{'V', "build-info", NULL, "print what it was built with, and exit"}, ACTION_BUILD_INFO},
    {{'h', "help", NULL, "print this text, and exit"}, ACTION_HELP},
    {.text.name = NULL},
};

static const struct option_table table = {options_rows, sizeof *options_rows,
                                          sizeof options_rows / sizeof *options_rows - 1};

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...)
{
    va_list arguments;

    fputs("wsrelayd: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs(" (see wsrelayd --help)\n", stderr);
    return false;
}

static bool set_log_level(struct options *options, const char *name)
{
    const struct schema_choice *level = schema_find_choice(schema_log_levels, name);

    if (level == NULL) {
        return fail("log level \"%s\" is not one of " SCHEMA_LOG_LEVELS_TEXT, name);
    }
    options->log_level = (enum log_level)level->value;
    options->log_level_set = true;
    return true;
}

/* Only for an action that an option asks for. */
static const struct options_row *find_action(int action)
{
    const struct options_row *row = options_rows;

    while (row->action != action) {
        row++;
    }
    return row;
}

static bool set_action(struct options *options, const struct options_row *row)
{
    if (options->action != ACTION_SERVE && (int)options->action != row->action) {
        return fail("-%c and -%c exclude each other",
                    find_action((int)options->action)->text.letter, row->text.letter);
    }
    options->action = row->action;
    return true;
}

static bool apply(struct options *options, const struct options_row *row, const char *argument)
{
    switch (row->text.letter) {
    case 'c':
        options->config_path = argument;
        return true;
    case 'l':
        return set_log_level(options, argument);
    default:
        return set_action(options, row);
    }
}

/* One that belongs to no option. */
static bool report_word(const char *word)
{
    return word[0] != '-' && strpbrk(word, "./") != NULL
               ? fail("\"%s\" is one word too many: a file is given as -c %s", word, word)
               : fail("\"%s\" is one word too many", word);
}

bool options_parse(int argc, char **argv, struct options *options)
{
    struct option_reader reader;
    int i;

    *options = (struct options){.config_path = OPTIONS_DEFAULT_CONFIG, .action = ACTION_SERVE};
    option_reader_init(&reader, &table);
    while ((i = option_reader_next(&reader, argc, argv)) >= 0) {
        if (!apply(options, &options_rows[i], optarg)) {
            return false;
        }
    }
    if (i == OPTION_MISTAKE) {
        return fail("%s", reader.mistake);
    }
    return optind == argc || report_word(argv[optind]);
}

void options_print_help(FILE *stream)
{
    fputs("usage: wsrelayd [-c FILE] [-t | -T] [-l LEVEL] [-v] [-V] [-h]\n"
          "Serves WebSocket connections as its configuration says, in the foreground.\n\n",
          stream);
    option_table_print(&table, 26, stream);
    fputs("\nSignals: HUP reloads, USR2 drains, TERM and INT stop, USR1 opens the log file anew.\n"
          "See wsrelayd(8) and wsrelayd.yaml(5).\n",
          stream);
}

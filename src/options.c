/*
 * Reads the command line with getopt_long, and explains it.
 */
#include "options.h"

#include "config/schema.h"

#include <getopt.h>
#include <stdarg.h>
#include <string.h>

const struct options_row options_rows[] = {
    {'c', "config", "FILE", ACTION_SERVE, "read FILE instead of " OPTIONS_DEFAULT_CONFIG},
    {'t', "check", NULL, ACTION_CHECK, "check the configuration completely, and exit"},
    {'T', "dump", NULL, ACTION_DUMP, "print the configuration with every default, and exit"},
    {'l', "log-level", "LEVEL", ACTION_SERVE,
     "how much is logged: error, warning, notice, info, debug"},
    {'v', "version", NULL, ACTION_VERSION, "print the version, and exit"},
    {'V', "build-info", NULL, ACTION_BUILD_INFO, "print what it was built with, and exit"},
    {'h', "help", NULL, ACTION_HELP, "print this text, and exit"},
    {.name = NULL},
};

enum { OPTIONS_COUNT = sizeof options_rows / sizeof *options_rows - 1 };

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

/* getopt_long's two descriptions of the table. */
struct descriptions {
    char letters[2 * OPTIONS_COUNT + 2];
    struct option names[OPTIONS_COUNT + 1];
};

static void describe(struct descriptions *descriptions)
{
    char *letter = descriptions->letters;
    struct option *name = descriptions->names;

    /* The colon in front keeps getopt_long from printing messages of its own. */
    *letter++ = ':';
    for (const struct options_row *row = options_rows; row->name != NULL; row++) {
        *letter++ = row->letter;
        if (row->argument != NULL) {
            *letter++ = ':';
        }
        *name = (struct option){.name = row->name,
                                .has_arg = row->argument != NULL ? required_argument : no_argument,
                                .val = row->letter};
        name++;
    }
    *letter = '\0';
    *name = (struct option){.name = NULL};
}

static const struct options_row *find_row(int letter)
{
    const struct options_row *row = options_rows;

    while (row->name != NULL && row->letter != letter) {
        row++;
    }
    return row->name != NULL ? row : NULL;
}

static bool set_log_level(struct options *options, const char *name)
{
    const struct schema_choice *level = schema_find_choice(schema_log_levels, name);

    if (level == NULL) {
        return fail("unknown log level \"%s\"", name);
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
        return fail("-%c and -%c exclude each other", find_action((int)options->action)->letter,
                    row->letter);
    }
    options->action = row->action;
    return true;
}

static bool apply(struct options *options, const struct options_row *row, const char *argument)
{
    switch (row->letter) {
    case 'c':
        options->config_path = argument;
        return true;
    case 'l':
        return set_log_level(options, argument);
    default:
        return set_action(options, row);
    }
}

/* The first row, from this one on, whose long option begins with the word; NULL: none. */
static const struct options_row *find_abbreviated(const struct options_row *row, const char *word)
{
    size_t length = strcspn(word, "=");

    while (row->name != NULL && strncmp(row->name, word, length) != 0) {
        row++;
    }
    return row->name != NULL ? row : NULL;
}

/* `word` is "--" and a name that getopt_long does not know, or an abbreviation of several. */
static bool report_long(const char *word)
{
    const struct options_row *first = find_abbreviated(options_rows, word + 2);
    const struct options_row *second = first != NULL ? find_abbreviated(first + 1, word + 2) : NULL;

    if (second == NULL) {
        return fail("unknown option \"%s\"", word);
    }
    return fail("\"%s\" may be --%s or --%s", word, first->name, second->name);
}

/* `letter` is what getopt_long returned for a mistake: ':' or '?'. */
static bool report_mistake(int letter, char **argv)
{
    const struct options_row *row = find_row(optopt);
    const char *word = argv[optind - 1];

    if (letter == ':') {
        return fail("-%c needs its %s", optopt, row != NULL ? row->argument : "argument");
    }
    if (row != NULL) {
        return fail("\"%s\": --%s takes no argument", word, row->name);
    }
    if (optopt != 0) {
        return fail("unknown option \"-%c\"", optopt);
    }
    return report_long(word);
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
    struct descriptions descriptions;
    int letter;

    *options = (struct options){.config_path = OPTIONS_DEFAULT_CONFIG, .action = ACTION_SERVE};
    describe(&descriptions);
    optind = 0; /* makes glibc's getopt_long begin anew */
    while ((letter = getopt_long(argc, argv, descriptions.letters, descriptions.names, NULL)) !=
           -1) {
        const struct options_row *row = letter == '?' || letter == ':' ? NULL : find_row(letter);
        if (row == NULL) {
            return report_mistake(letter, argv);
        }
        if (!apply(options, row, optarg)) {
            return false;
        }
    }
    return optind == argc || report_word(argv[optind]);
}

void options_print_help(FILE *stream)
{
    fputs("usage: wsrelayd [-c FILE] [-t | -T] [-l LEVEL] [-v] [-V] [-h]\n"
          "Serves WebSocket connections as its configuration says, in the foreground.\n\n",
          stream);
    for (const struct options_row *row = options_rows; row->name != NULL; row++) {
        const char *argument = row->argument != NULL ? row->argument : "";
        int used = fprintf(stream, "  -%c, --%s%s%s", row->letter, row->name,
                           row->argument != NULL ? " " : "", argument);
        fprintf(stream, "%*s%s\n", used < 26 ? 26 - used : 1, "", row->help);
    }
    fputs("\nSignals: HUP reloads, USR2 drains, TERM and INT stop, USR1 opens the log file anew.\n"
          "See wsrelayd(8) and wsrelayd.yaml(5).\n",
          stream);
}

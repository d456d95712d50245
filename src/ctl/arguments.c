/*
 * Options from a table, a verb and its operands.
 */
#include "ctl/arguments.h"

#include "config/schema.h"
#include "ctl/complain.h"
#include "ctl/verb.h"

#include <errno.h>
#include <getopt.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What an option's argument is, and so what is stored at the row's offset. */
enum kind {
    KIND_FLAG,    /* none: bool */
    KIND_COUNT,   /* at least 1: uint64_t */
    KIND_SECONDS, /* more than 0: double */
    KIND_TEXT,    /* const char * */
    KIND_STATE,   /* one of STATES: const char * */
    KIND_HELP,
    KIND_VERSION,
};

struct row {
    char letter; /* 0: only the long form */
    const char *name;
    const char *argument; /* what --help calls it; NULL: none */
    enum kind kind;
    size_t offset;
    const char *verbs; /* for which it has a meaning, separated by blanks; NULL: for all */
    const char *help;
};

/* Of connections, as the daemon calls them. */
#define STATES "tls-handshake upgrade open closing finishing lingering"

#define AT(member) offsetof(struct arguments, member)
#define JSON_ANSWERS                                                                               \
    "status config listeners connections rooms close close-room publish reload drain log-level"

static const struct row rows[] = {
    {'s', "server", "ADDRESS", KIND_TEXT, AT(server), NULL,
     "unix:/path or host:port of the daemon's admin listener"},
    {'t', "token-file", "FILE", KIND_TEXT, AT(token_file), NULL,
     "whose first line is the token of a TCP address"},
    {'c', "config", "FILE", KIND_TEXT, AT(config), NULL,
     "take the address from admin.address of this file"},
    {0, "timeout", "SECONDS", KIND_SECONDS, AT(timeout_s), NULL,
     "how long an answer may take (30)"},
    {0, "json", NULL, KIND_FLAG, AT(json), JSON_ANSWERS, "print what the daemon answers as it is"},
    {0, "route", "ROUTE", KIND_TEXT, AT(route), "connections",
     "connections: only those of this route"},
    {0, "room", "NAME", KIND_TEXT, AT(room), "connections",
     "connections: only members of rooms of this name"},
    {0, "address", "ADDRESS", KIND_TEXT, AT(address), "connections",
     "connections: only those from this IP address, or unix"},
    {0, "state", "STATE", KIND_STATE, AT(state), "connections",
     "connections: only those in this state, such as open"},
    {0, "prefix", "TEXT", KIND_TEXT, AT(prefix), "rooms",
     "rooms: only those whose names begin like this"},
    {0, "limit", "N", KIND_COUNT, AT(limit), "connections rooms",
     "connections, rooms: show at most so many (1000)"},
    {0, "all", NULL, KIND_FLAG, AT(all), "connections rooms",
     "connections, rooms: show all, however many"},
    {0, "code", "CODE", KIND_COUNT, AT(code), "close close-room",
     "close, close-room: of the Close frame (1000)"},
    {0, "reason", "TEXT", KIND_TEXT, AT(reason), "close close-room",
     "close, close-room: of the Close frame"},
    {0, "binary", NULL, KIND_FLAG, AT(binary), "publish",
     "publish: a binary message instead of text"},
    {0, "wait", NULL, KIND_FLAG, AT(wait), "reload",
     "reload: wait for as long as it takes, whatever --timeout says"},
    {0, "signal", "PID", KIND_COUNT, AT(signal_pid), "reload",
     "reload: send SIGHUP to this process if --config has no admin key"},
    {0, "interval", "SECONDS", KIND_SECONDS, AT(interval_s), "watch",
     "watch: how often to look (1)"},
    {0, "count", "N", KIND_COUNT, AT(count), "watch", "watch: look so often, and end"},
    {'h', "help", NULL, KIND_HELP, 0, NULL, "print this text, and exit"},
    {'V', "version", NULL, KIND_VERSION, 0, NULL, "print the version, and exit"},
};

enum {
    ROWS = sizeof rows / sizeof *rows,
    LONG_ONLY = 256, /* what getopt_long returns for row i without a letter: this and i */
    SECONDS_MAX = 1000000,
};

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...)
{
    char text[FAILURE_BYTES];
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(text, sizeof text, format, arguments);
    va_end(arguments);
    complain(STATUS_USAGE, "%s (see wsrelayctl --help)", text);
    return false;
}

/* ---- values ---- */

/* Whether one of the words of a list. */
static bool is_among(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (list != NULL) {
        if (strcspn(list, " ") == length && memcmp(list, word, length) == 0) {
            return true;
        }
        list = strchr(list, ' ');
        list += list != NULL ? 1 : 0;
    }
    return false;
}

static bool parse_count(const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *count > 0;
}

static bool parse_seconds(const char *text, double *seconds)
{
    char *end;

    *seconds = strtod(text, &end);
    return ((*text >= '0' && *text <= '9') || *text == '.') && *end == '\0' && *seconds >= 0.001 &&
           *seconds <= SECONDS_MAX;
}

/* Stores an argument. Returns whether it is one that the option takes. */
static bool store(void *target, enum kind kind, const char *argument)
{
    switch (kind) {
    case KIND_FLAG:
        *(bool *)target = true;
        return true;
    case KIND_COUNT:
        return parse_count(argument, target);
    case KIND_SECONDS:
        return parse_seconds(argument, target);
    case KIND_TEXT:
        *(const char **)target = argument;
        return true;
    case KIND_STATE:
        *(const char **)target = argument;
        return is_among(STATES, argument);
    default:
        return true;
    }
}

/* What an argument has to be. */
static const char *expected(enum kind kind)
{
    switch (kind) {
    case KIND_COUNT:
        return "a whole number, 1 or more";
    case KIND_SECONDS:
        return "a number of seconds from 0.001 to 1000000";
    default:
        return "one of " STATES;
    }
}

/* ---- options ---- */

/* getopt_long's two descriptions of the table. */
struct descriptions {
    char letters[2 * ROWS + 2];
    struct option names[ROWS + 1];
};

static void describe(struct descriptions *descriptions)
{
    char *letter = descriptions->letters + strlen(descriptions->letters);

    for (int i = 0; i < ROWS; i++) {
        descriptions->names[i] = (struct option){
            .name = rows[i].name,
            .has_arg = rows[i].argument != NULL ? required_argument : no_argument,
            .val = rows[i].letter != 0 ? rows[i].letter : LONG_ONLY + i,
        };
        if (rows[i].letter != 0) {
            *letter++ = rows[i].letter;
        }
        if (rows[i].letter != 0 && rows[i].argument != NULL) {
            *letter++ = ':';
        }
    }
}

/* By what getopt_long returns. */
static const struct row *find_row(int value)
{
    for (int i = 0; i < ROWS; i++) {
        if (value == (rows[i].letter != 0 ? rows[i].letter : LONG_ONLY + i)) {
            return &rows[i];
        }
    }
    return NULL;
}

/* `value` is what getopt_long returned for a mistake: ':' or '?'. */
static bool report_mistake(int value, char **argv)
{
    const struct row *row = optopt != 0 ? find_row(optopt) : NULL;
    const char *word = argv[optind - 1];

    if (value == ':' && row != NULL) {
        return fail("--%s needs its %s", row->name, row->argument);
    }
    if (row != NULL) {
        return fail("\"%s\": --%s takes no argument", word, row->name);
    }
    return fail("unknown option \"%s\"", word);
}

/* What the command line says besides settings. */
struct words {
    enum command command;
    bool given[ROWS]; /* which options */
};

/* Reads the options, which may stand anywhere. Returns false after a mistake. */
static bool read_options(int argc, char **argv, struct arguments *arguments, struct words *words)
{
    /* The colon in front keeps getopt_long from printing messages of its own. */
    struct descriptions descriptions = {.letters = ":"};
    int value;

    describe(&descriptions);
    optind = 0; /* makes glibc's getopt_long begin anew */
    while ((value = getopt_long(argc, argv, descriptions.letters, descriptions.names, NULL)) !=
           -1) {
        const struct row *row = value == '?' || value == ':' ? NULL : find_row(value);

        if (row == NULL) {
            return report_mistake(value, argv);
        }
        if (!store((char *)arguments + row->offset, row->kind, optarg)) {
            return fail("--%s: \"%s\" is not %s", row->name, optarg, expected(row->kind));
        }
        words->given[row - rows] = true;
        words->command = row->kind == KIND_HELP      ? COMMAND_HELP
                         : row->kind == KIND_VERSION ? COMMAND_VERSION
                                                     : words->command;
    }
    return true;
}

/* ---- the verb ---- */

static bool read_verb(const char *name, struct arguments *arguments)
{
    const char *meant;

    if (name == NULL) {
        return fail("a verb is needed, such as status");
    }
    arguments->verb = verb_find(name);
    if (arguments->verb != NULL) {
        return true;
    }
    meant = verb_suggest(name);
    return meant != NULL ? fail("there is no verb \"%s\" (did you mean \"%s\"?)", name, meant)
                         : fail("there is no verb \"%s\"", name);
}

static bool read_operands(char **words, int count, struct arguments *arguments)
{
    const struct verb *verb = arguments->verb;

    if (count > verb->operands_most) {
        return fail("%s: \"%s\" is one word too many", verb->name, words[verb->operands_most]);
    }
    if (count < verb->operands_least) {
        return fail("%s needs %s", verb->name, verb->operands);
    }
    for (int i = 0; i < count; i++) {
        arguments->operands[i] = words[i];
    }
    return true;
}

/* Options that would do nothing are mistakes. */
static bool check_use(const struct arguments *arguments, const struct words *words)
{
    const char *verb = arguments->verb->name;

    for (int i = 0; i < ROWS; i++) {
        if (words->given[i] && rows[i].verbs != NULL && !is_among(rows[i].verbs, verb)) {
            return fail("--%s has no meaning with %s", rows[i].name, verb);
        }
    }
    if (arguments->server != NULL && arguments->config != NULL) {
        return fail("--server and --config exclude each other");
    }
    if (arguments->limit > 0 && arguments->all) {
        return fail("--limit and --all exclude each other");
    }
    return arguments->code <= UINT16_MAX || fail("--code: there is no such code");
}

/* Operands that the daemon would refuse whatever its state. */
static bool check_operands(const struct arguments *arguments)
{
    const char *level = arguments->operands[0];

    return strcmp(arguments->verb->name, "log-level") != 0 || level == NULL ||
           schema_find_choice(schema_log_levels, level) != NULL ||
           fail("log-level: \"%s\" is not one of error, warning, notice, info, debug", level);
}

enum command arguments_parse(int argc, char **argv, struct arguments *arguments)
{
    struct words words = {.command = COMMAND_RUN};

    *arguments = (struct arguments){.timeout_s = 30, .interval_s = 1};
    if (!read_options(argc, argv, arguments, &words)) {
        return COMMAND_MISTAKE;
    }
    if (words.command != COMMAND_RUN) {
        return words.command;
    }
    if (!read_verb(argv[optind], arguments) ||
        !read_operands(argv + optind + 1, argc - optind - 1, arguments) ||
        !check_use(arguments, &words) || !check_operands(arguments)) {
        return COMMAND_MISTAKE;
    }
    return COMMAND_RUN;
}

/* ---- --help ---- */

static void print_verbs(FILE *stream)
{
    for (const struct verb *verb = verbs; verb->name != NULL; verb++) {
        int used = fprintf(stream, "  %s%s%s", verb->name, verb->operands[0] != '\0' ? " " : "",
                           verb->operands);

        fprintf(stream, "%*s%s\n", used < 33 ? 33 - used : 1, "", verb->help);
    }
}

static void print_options(FILE *stream)
{
    for (int i = 0; i < ROWS; i++) {
        char letter[5] = "    ";
        int used;

        if (rows[i].letter != 0) {
            snprintf(letter, sizeof letter, "-%c, ", rows[i].letter);
        }
        used = fprintf(stream, "  %s--%s%s%s", letter, rows[i].name,
                       rows[i].argument != NULL ? " " : "",
                       rows[i].argument != NULL ? rows[i].argument : "");
        fprintf(stream, "%*s%s\n", used < 33 ? 33 - used : 1, "", rows[i].help);
    }
}

void arguments_print_help(FILE *stream)
{
    fputs("usage: wsrelayctl [OPTIONS] VERB [OPERANDS]\n"
          "Asks a running wsrelayd about itself, and tells it what to do.\n\nVerbs:\n",
          stream);
    print_verbs(stream);
    fputs("\nOptions:\n", stream);
    print_options(stream);
    fputs("\nExit status: 0 done, 1 refused or failed, 2 usage, 3 the daemon cannot be reached.\n"
          "See wsrelayctl(8).\n",
          stream);
}

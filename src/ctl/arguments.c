/*
 * Options from a table, a verb and its operands.
 */
#include "ctl/arguments.h"

#include "base/option_table.h"
#include "base/option_value.h"
#include "config/schema.h"
#include "ctl/complain.h"
#include "ctl/verb.h"

#include <stdarg.h>
#include <stddef.h>
#include <string.h>

#define SECONDS_LEAST 0.001
#define SECONDS_MOST  1e6

/* What an option's argument is, and so what is stored at the row's offset. */
enum kind {
    KIND_FLAG,    /* none: bool */
    KIND_COUNT,   /* at least 1: uint64_t */
    KIND_SECONDS, /* from SECONDS_LEAST to SECONDS_MOST: double */
    KIND_TEXT,    /* const char * */
    KIND_STATE,   /* one of STATES: const char * */
    KIND_HELP,
    KIND_VERSION,
};

struct row {
    struct option_text text;
    enum kind kind;
    size_t offset;
    const char *verbs; /* for which it has a meaning, separated by blanks; NULL: for all */
};

/* Of connections, as the daemon calls them. */
#define STATES "tls-handshake upgrade open closing events finishing lingering"

#define AT(member) offsetof(struct arguments, member)
#define JSON_ANSWERS                                                                               \
    "status config listeners connections rooms close close-room publish reload drain log-level"

static const struct row rows[] = {
    {{'s', "server", "ADDRESS", "unix:/path or host:port of the daemon's admin listener"},
     KIND_TEXT,
     AT(server),
     NULL},
    {{'t', "token-file", "FILE", "whose first line is the token of a TCP address"},
     KIND_TEXT,
     AT(token_file),
     NULL},
    {{'c', "config", "FILE", "take the address from admin.address of this file"},
     KIND_TEXT,
     AT(config),
     NULL},
    {{0, "timeout", "SECONDS", "how long an answer may take (30)"},
     KIND_SECONDS,
     AT(timeout_s),
     NULL},
    {{0, "json", NULL, "print what the daemon answers as it is"},
     KIND_FLAG,
     AT(json),
     JSON_ANSWERS},
    {{0, "route", "ROUTE", "connections: only those of this route"},
     KIND_TEXT,
     AT(route),
     "connections"},
    {{0, "namespace", "TEXT", "connections: only members of rooms of this namespace"},
     KIND_TEXT,
     AT(namespace),
     "connections"},
    {{0, "room", "NAME", "connections: only members of rooms of this name"},
     KIND_TEXT,
     AT(room),
     "connections"},
    {{0, "address", "ADDRESS", "connections: only those from this IP address, or unix"},
     KIND_TEXT,
     AT(address),
     "connections"},
    {{0, "state", "STATE", "connections: only those in this state, such as open"},
     KIND_STATE,
     AT(state),
     "connections"},
    {{0, "prefix", "TEXT", "rooms: only those whose names begin like this"},
     KIND_TEXT,
     AT(prefix),
     "rooms"},
    {{0, "limit", "N", "connections, rooms: show at most so many (1000)"},
     KIND_COUNT,
     AT(limit),
     "connections rooms"},
    {{0, "all", NULL, "connections, rooms: show all, however many"},
     KIND_FLAG,
     AT(all),
     "connections rooms"},
    {{0, "code", "CODE", "close, close-room: of the Close frame (1000)"},
     KIND_COUNT,
     AT(code),
     "close close-room"},
    {{0, "reason", "TEXT", "close, close-room: of the Close frame"},
     KIND_TEXT,
     AT(reason),
     "close close-room"},
    {{0, "binary", NULL, "publish: a binary message instead of text"},
     KIND_FLAG,
     AT(binary),
     "publish"},
    {{0, "wait", NULL, "reload: wait for as long as it takes, whatever --timeout says"},
     KIND_FLAG,
     AT(wait),
     "reload"},
    {{0, "signal", "PID", "reload: send SIGHUP to this process if --config has no admin key"},
     KIND_COUNT,
     AT(signal_pid),
     "reload"},
    {{0, "interval", "SECONDS", "watch: how often to look (1)"},
     KIND_SECONDS,
     AT(interval_s),
     "watch"},
    {{0, "count", "N", "watch: look so often, and end"}, KIND_COUNT, AT(count), "watch"},
    {{'h', "help", NULL, "print this text, and exit"}, KIND_HELP, 0, NULL},
    {{'V', "version", NULL, "print the version, and exit"}, KIND_VERSION, 0, NULL},
};

enum { ROWS = sizeof rows / sizeof *rows };

static const struct option_table table = {rows, sizeof *rows, ROWS};

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

/* Stores an argument. Returns whether it is one that the option takes. */
static bool store(void *target, enum kind kind, const char *argument)
{
    switch (kind) {
    case KIND_FLAG:
        *(bool *)target = true;
        return true;
    case KIND_COUNT:
        return option_parse_count(argument, target);
    case KIND_SECONDS:
        return option_parse_decimal(argument, SECONDS_LEAST, SECONDS_MOST, target);
    case KIND_TEXT:
        *(const char **)target = argument;
        return true;
    case KIND_STATE:
        *(const char **)target = argument;
        return option_is_among(STATES, argument);
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

/* What the command line says besides settings. */
struct words {
    enum command command;
    bool given[ROWS]; /* which options */
};

/* Reads the options, which may stand anywhere. Returns false after a mistake. */
static bool read_options(int argc, char **argv, struct arguments *arguments, struct words *words)
{
    struct option_reader reader;
    int i;

    option_reader_init(&reader, &table);
    while ((i = option_reader_next(&reader, argc, argv)) >= 0) {
        const struct row *row = &rows[i];

        if (!store((char *)arguments + row->offset, row->kind, optarg)) {
            return fail("--%s: \"%s\" is not %s", row->text.name, optarg, expected(row->kind));
        }
        words->given[i] = true;
        words->command = row->kind == KIND_HELP      ? COMMAND_HELP
                         : row->kind == KIND_VERSION ? COMMAND_VERSION
                                                     : words->command;
    }
    return i == OPTION_END || fail("%s", reader.mistake);
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
        if (words->given[i] && rows[i].verbs != NULL && !option_is_among(rows[i].verbs, verb)) {
            return fail("--%s has no meaning with %s", rows[i].text.name, verb);
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
           fail("log-level: \"%s\" is not one of " SCHEMA_LOG_LEVELS_TEXT, level);
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

void arguments_print_help(FILE *stream)
{
    fputs("usage: wsrelayctl [OPTIONS] VERB [OPERANDS]\n"
          "Asks a running wsrelayd about itself, and tells it what to do.\n\nVerbs:\n",
          stream);
    print_verbs(stream);
    fputs("\nOptions:\n", stream);
    option_table_print(&table, 33, stream);
    fputs("\nExit status: 0 done, 1 refused or failed, 2 usage, 3 the daemon cannot be reached.\n"
          "See wsrelayctl(8).\n",
          stream);
}

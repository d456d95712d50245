/*
 * Options from a table.
 */
#include "bench/command_line.h"

#include "bench/fanout.h"
#include "bench/mode.h"
#include "protocol/http.h"

#include <errno.h>
#include <getopt.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* What an option's argument is, and so what is stored at the row's offset. */
enum kind {
    KIND_FLAG,    /* none: bool */
    KIND_COUNT,   /* at least 1: uint64_t */
    KIND_DECIMAL, /* more than 0: double */
    KIND_SIZES,
    KIND_URL,
    KIND_TEXT,   /* const char * */
    KIND_HEADER, /* repeatable: struct texts */
    KIND_TOKEN,  /* likewise */
    KIND_SOURCES,
    KIND_HELP,
    KIND_VERSION,
};

struct row {
    char letter; /* 0: only the long form */
    const char *name;
    const char *argument; /* what --help calls it; NULL: none */
    enum kind kind;
    size_t offset;
    const char *modes; /* in which it has a meaning; NULL: in all */
    const char *help;
};

#define AT(member) offsetof(struct settings, member)

static const struct row rows[] = {
    {'c', "connections", "N", KIND_COUNT, AT(connections), NULL,
     "how many (64); in fanout, members (100); in connect, at a time"},
    {0, "publishers", "N", KIND_COUNT, AT(publishers), "fanout", "connections that publish (1)"},
    {0, "publish-url", "URL", KIND_URL, AT(publish_url), "fanout",
     "where these connect, if not to URL"},
    {'s', "size", "SIZE", KIND_SIZES, AT(sizes), NULL,
     "payload bytes: N, MIN-MAX or N:WEIGHT,N:WEIGHT... (20)"},
    {'f', "in-flight", "N", KIND_COUNT, AT(in_flight), "echo fanout",
     "messages under way on a connection (1)"},
    {'d', "duration", "SECONDS", KIND_DECIMAL, AT(duration_s), NULL,
     "how long to measure; in idle, to hold (5)"},
    {'n', "count", "N", KIND_COUNT, AT(count), "echo fanout connect",
     "so many operations instead of a duration"},
    {'r', "rate", "N", KIND_DECIMAL, AT(rate), NULL,
     "operations a second, whatever the server does"},
    {0, "text", NULL, KIND_FLAG, AT(text), NULL, "UTF-8 text instead of binary messages"},
    {0, "hold", NULL, KIND_FLAG, AT(hold), "connect", "keep connections open until the end"},
    {0, "no-echo", NULL, KIND_FLAG, AT(no_echo), "connect idle",
     "do not let each connection echo a message"},
    {0, "header", "'NAME: VALUE'", KIND_HEADER, AT(headers), NULL, "a field of the handshake"},
    {0, "subprotocol", "NAME", KIND_TOKEN, AT(subprotocols), NULL, "offer a subprotocol"},
    {0, "deflate", NULL, KIND_FLAG, AT(deflate), NULL, "offer permessage-deflate"},
    {0, "source", "ADDRESS,...", KIND_SOURCES, AT(sources), NULL,
     "connect from these addresses in turn"},
    {0, "insecure", NULL, KIND_FLAG, AT(insecure), NULL, "take any certificate"},
    {0, "ca", "FILE", KIND_TEXT, AT(ca), NULL, "authorities that sign certificates"},
    {0, "server-name", "NAME", KIND_TEXT, AT(server_name), NULL,
     "instead of the URL's host, for TLS"},
    {'t', "threads", "N", KIND_COUNT, AT(threads), NULL, "of this program (1)"},
    {'p', "pid", "PID", KIND_COUNT, AT(pid), NULL, "of the server: tell its CPU time and memory"},
    {0, "no-verify", NULL, KIND_FLAG, AT(no_verify), NULL, "do not compare payloads"},
    {0, "timeout", "SECONDS", KIND_DECIMAL, AT(timeout_s), NULL,
     "what gets no further for so long is lost (10)"},
    {0, "json", NULL, KIND_FLAG, AT(json), NULL, "print the result as JSON"},
    {0, "quiet", NULL, KIND_FLAG, AT(quiet), NULL, "no progress on the terminal"},
    {'h', "help", NULL, KIND_HELP, 0, NULL, "print this text, and exit"},
    {'V', "version", NULL, KIND_VERSION, 0, NULL, "print the version, and exit"},
};

enum {
    ROWS = sizeof rows / sizeof *rows,
    LONG_ONLY = 256, /* what getopt_long returns for row i without a letter: this and i */
};

static bool fail(const char *format, ...) __attribute__((format(printf, 1, 2)));

static bool fail(const char *format, ...)
{
    va_list arguments;

    fputs("wsrelay-bench: ", stderr);
    va_start(arguments, format);
    vfprintf(stderr, format, arguments);
    va_end(arguments);
    fputs(" (see wsrelay-bench --help)\n", stderr);
    return false;
}

/* ---- values ---- */

static bool parse_count(const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return *text >= '0' && *text <= '9' && *end == '\0' && errno == 0 && *count > 0;
}

static bool parse_decimal(const char *text, double *decimal)
{
    char *end;

    *decimal = strtod(text, &end);
    return ((*text >= '0' && *text <= '9') || *text == '.') && *end == '\0' && *decimal > 0 &&
           *decimal < 1e9;
}

/* Fields that the handshake itself has: a second one would break it. */
static bool is_reserved(struct slice name)
{
    static const char *const reserved[] = {"Upgrade", "Connection", "Content-Length",
                                           "Transfer-Encoding"};

    for (size_t i = 0; i < sizeof reserved / sizeof *reserved; i++) {
        if (slice_equal_nocase(name, slice_of(reserved[i]))) {
            return true;
        }
    }
    return name.length > 14 && strncasecmp(name.data, "Sec-WebSocket-", 14) == 0;
}

static bool is_header(const char *text)
{
    struct slice name = {text, strcspn(text, ":")};

    return text[name.length] == ':' && http_is_token(name) && !is_reserved(name) &&
           strpbrk(text, "\r\n") == NULL;
}

static bool append(struct texts *texts, const char *text)
{
    if (texts->count == TEXTS_MAX) {
        return false;
    }
    texts->items[texts->count++] = text;
    return true;
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
    case KIND_DECIMAL:
        return parse_decimal(argument, target);
    case KIND_URL:
        return url_parse(argument, target) == NULL;
    case KIND_SIZES:
        return sizes_parse(argument, target);
    case KIND_TEXT:
        *(const char **)target = argument;
        return true;
    case KIND_HEADER:
        return is_header(argument) && append(target, argument);
    case KIND_TOKEN:
        return http_is_token(slice_of(argument)) && append(target, argument);
    case KIND_SOURCES:
        return sources_parse(argument, target);
    default:
        return true;
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

/* Reads the options. Returns false after a mistake. */
static bool read_options(int argc, char **argv, struct settings *settings, struct words *words)
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
        if (!store((char *)settings + row->offset, row->kind, optarg)) {
            return fail("--%s: \"%s\" is not what it takes: %s", row->name, optarg, row->help);
        }
        words->given[row - rows] = true;
        words->command = row->kind == KIND_HELP      ? COMMAND_HELP
                         : row->kind == KIND_VERSION ? COMMAND_VERSION
                                                     : words->command;
    }
    return true;
}

/* ---- all of it ---- */

static bool read_mode(const char *name, struct settings *settings)
{
    settings->mode = mode_find(name);
    return settings->mode != NULL || fail("there is no mode \"%s\"", name);
}

static bool read_url(const char *text, struct url *url)
{
    const char *why = url_parse(text, url);

    return why == NULL || fail("%s: %s", text, why);
}

/* Options that would do nothing are mistakes. */
static bool check_use(const struct settings *settings, const struct words *words)
{
    bool has_tls = settings->url.scheme == URL_WSS ||
                   (settings->publish_url.text != NULL && settings->publish_url.scheme == URL_WSS);

    for (int i = 0; i < ROWS; i++) {
        if (words->given[i] && rows[i].modes != NULL &&
            strstr(rows[i].modes, settings->mode->name) == NULL) {
            return fail("--%s has no meaning in mode %s", rows[i].name, settings->mode->name);
        }
    }
    if (!has_tls && (settings->insecure || settings->ca != NULL || settings->server_name != NULL)) {
        return fail("--insecure, --ca and --server-name are for wss://");
    }
    if (settings->url.scheme == URL_TCP &&
        (settings->headers.count + settings->subprotocols.count > 0 || settings->deflate)) {
        return fail("--header, --subprotocol and --deflate are for a handshake: not for tcp://");
    }
    if (settings->url.scheme == URL_UNIX && settings->sources.count > 0) {
        return fail("--source is for TCP");
    }
    return true;
}

static bool check_fanout(struct settings *settings)
{
    bool is_raw = settings->url.scheme == URL_TCP;

    settings->has_publish_url = settings->publish_url.text != NULL;
    if (settings->has_publish_url && is_raw != (settings->publish_url.scheme == URL_TCP)) {
        return fail("--publish-url: of tcp:// either both URLs are, or none");
    }
    if (sizes_least(&settings->sizes) < STAMP_BYTES) {
        return fail("--size: publications have %d bytes at least, to tell them apart", STAMP_BYTES);
    }
    return true;
}

/* More than a machine can give, and little enough for sums of sizes not to overflow. */
static bool check_maxima(const struct settings *settings)
{
    const struct {
        const char *name;
        uint64_t count;
        uint64_t most;
    } maxima[] = {
        {"connections", settings->connections, 1 << 24},
        {"publishers", settings->publishers, PUBLISHERS_MAX},
        {"in-flight", settings->in_flight, 1 << 20},
        {"count", settings->count, UINT64_C(1) << 53},
        {"threads", settings->threads, 1 << 10},
        {"pid", settings->pid, INT32_MAX},
    };

    for (size_t i = 0; i < sizeof maxima / sizeof *maxima; i++) {
        if (maxima[i].count > maxima[i].most) {
            return fail("--%s: at most %ju", maxima[i].name, (uintmax_t)maxima[i].most);
        }
    }
    return true;
}

static bool check_values(struct settings *settings)
{
    if (!check_maxima(settings)) {
        return false;
    }
    if (settings->connections == 0) {
        settings->connections = settings->mode->connections;
    }
    if (settings->threads > settings->connections) {
        return fail("--threads: more than there are connections");
    }
    if (settings->pid != 0 && kill((pid_t)settings->pid, 0) < 0 && errno != EPERM) {
        return fail("--pid: there is no process %ju", (uintmax_t)settings->pid);
    }
    return true;
}

static bool read_words(int argc, char **argv, struct settings *settings, struct words *words)
{
    if (!read_options(argc, argv, settings, words)) {
        return false;
    }
    if (words->command != COMMAND_RUN) {
        return true;
    }
    if (argc - optind != 2) {
        return fail("a mode and a URL are needed, and nothing else");
    }
    return read_mode(argv[optind], settings) && read_url(argv[optind + 1], &settings->url) &&
           check_use(settings, words) && check_values(settings) &&
           (settings->mode != &fanout_mode || check_fanout(settings));
}

enum command command_line_parse(int argc, char **argv, struct settings *settings)
{
    struct words words = {.command = COMMAND_RUN};

    *settings = (struct settings){
        .sizes = {.ranges = {{20, 20, 1}}, .count = 1},
        .publishers = 1,
        .in_flight = 1,
        .duration_s = 5,
        .threads = 1,
        .timeout_s = 10,
    };
    return read_words(argc, argv, settings, &words) ? words.command : COMMAND_MISTAKE;
}

void command_line_print_help(FILE *stream)
{
    fputs("usage: wsrelay-bench MODE [OPTIONS] URL\n"
          "Puts load on a WebSocket server and measures what becomes of it.\n\n"
          "MODE: ",
          stream);
    for (const struct mode *const *mode = modes; *mode != NULL; mode++) {
        fprintf(stream, "%s%s", mode == modes ? "" : ", ", (*mode)->name);
    }
    fputs("\nURL: ws://HOST[:PORT]/PATH, wss://..., ws+unix:/SOCKET[:/PATH] or, for a server "
          "of bytes, tcp://HOST:PORT\n\n",
          stream);
    for (int i = 0; i < ROWS; i++) {
        char letter[5] = "    ";
        int used;

        if (rows[i].letter != 0) {
            snprintf(letter, sizeof letter, "-%c, ", rows[i].letter);
        }
        used = fprintf(stream, "  %s--%s%s%s", letter, rows[i].name,
                       rows[i].argument != NULL ? " " : "",
                       rows[i].argument != NULL ? rows[i].argument : "");
        fprintf(stream, "%*s%s\n", used < 30 ? 30 - used : 1, "", rows[i].help);
    }
    fputs("\nExit status: 0 all well, 1 something lost, wrong or refused, 2 usage.\n"
          "See wsrelay-bench(1).\n",
          stream);
}

/*
 * Options from a table.
 */
#include "bench/command_line.h"

#include "base/option_table.h"
#include "base/option_value.h"
#include "bench/fanout.h"
#include "bench/mode.h"
#include "protocol/http.h"

#include <errno.h>
#include <signal.h>
#include <stdarg.h>
#include <stddef.h>
#include <stdlib.h>
#include <string.h>

/* Of seconds and of rates. */
#define DECIMAL_LEAST 1e-6
#define DECIMAL_MOST  1e9

/* What an option's argument is, and so what is stored at the row's offset. */
enum kind {
    KIND_FLAG,    /* none: bool */
    KIND_COUNT,   /* at least 1: uint64_t */
    KIND_DECIMAL, /* from DECIMAL_LEAST to DECIMAL_MOST: double */
    KIND_SIZES,
    KIND_URL,
    KIND_TEXT,   /* const char * */
    KIND_HEADER, /* repeatable: struct texts */
    KIND_TOKEN,  /* likewise */
    KIND_SOURCES,
    KIND_HELP,
    KIND_VERSION,
};

/* What such an argument has to be. */
static const char *const takes[] = {
    [KIND_COUNT] = "a whole number, 1 or more",
    [KIND_DECIMAL] = "a number from 0.000001 to 1000000000, without a unit",
    [KIND_SIZES] = "N, MIN-MAX or N:WEIGHT,N:WEIGHT..., with KiB or MiB behind a number or nothing",
    [KIND_URL] = "a URL that begins with ws://, wss://, ws+unix: or tcp://",
    [KIND_HEADER] = "'NAME: VALUE' of a field that the handshake does not have, one of at most 64",
    [KIND_TOKEN] = "a token of letters, digits, - and the like, one of at most 64",
    [KIND_SOURCES] = "an IP address, or several with commas between them",
};

struct row {
    struct option_text text;
    enum kind kind;
    size_t offset;
    const char *modes; /* in which it has a meaning; NULL: in all */
};

#define AT(member) offsetof(struct settings, member)

static const struct row rows[] = {
    {{'c', "connections", "N", "how many (64); in fanout, members (100); in connect, at a time"},
     KIND_COUNT,
     AT(connections),
     NULL},
    {{0, "publishers", "N", "connections that publish (1)"}, KIND_COUNT, AT(publishers), "fanout"},
    {{0, "publish-url", "URL", "where these connect, if not to URL"},
     KIND_URL,
     AT(publish_url),
     "fanout"},
    {{'s', "size", "SIZE", "payload bytes: N, MIN-MAX or N:WEIGHT,N:WEIGHT... (20)"},
     KIND_SIZES,
     AT(sizes),
     NULL},
    {{'f', "in-flight", "N", "messages under way on a connection (1)"},
     KIND_COUNT,
     AT(in_flight),
     "echo fanout"},
    {{'d', "duration", "SECONDS", "how long to measure; in idle, to hold (5)"},
     KIND_DECIMAL,
     AT(duration_s),
     NULL},
    {{'n', "count", "N", "so many operations instead of a duration"},
     KIND_COUNT,
     AT(count),
     "echo fanout connect"},
    {{'r', "rate", "N", "operations a second, whatever the server does"},
     KIND_DECIMAL,
     AT(rate),
     NULL},
    {{0, "text", NULL, "UTF-8 text instead of binary messages"}, KIND_FLAG, AT(text), NULL},
    {{0, "hold", NULL, "keep connections open until the end"}, KIND_FLAG, AT(hold), "connect"},
    {{0, "no-echo", NULL, "do not let each connection echo a message"},
     KIND_FLAG,
     AT(no_echo),
     "connect idle"},
    {{0, "header", "'NAME: VALUE'", "a field of the handshake"}, KIND_HEADER, AT(headers), NULL},
    {{0, "subprotocol", "NAME", "offer a subprotocol"}, KIND_TOKEN, AT(subprotocols), NULL},
    {{0, "deflate", NULL, "offer permessage-deflate"}, KIND_FLAG, AT(deflate), NULL},
    {{0, "source", "ADDRESS,...", "connect from these addresses in turn"},
     KIND_SOURCES,
     AT(sources),
     NULL},
    {{0, "insecure", NULL, "take any certificate"}, KIND_FLAG, AT(insecure), NULL},
    {{0, "ca", "FILE", "authorities that sign certificates"}, KIND_TEXT, AT(ca), NULL},
    {{0, "server-name", "NAME", "instead of the URL's host, for TLS"},
     KIND_TEXT,
     AT(server_name),
     NULL},
    {{'t', "threads", "N", "of this program (1)"}, KIND_COUNT, AT(threads), NULL},
    {{'p', "pid", "PID", "of the server: tell its CPU time and memory"}, KIND_COUNT, AT(pid), NULL},
    {{0, "no-verify", NULL, "do not compare payloads"}, KIND_FLAG, AT(no_verify), NULL},
    {{0, "timeout", "SECONDS", "what gets no further for so long is lost (10)"},
     KIND_DECIMAL,
     AT(timeout_s),
     NULL},
    {{0, "json", NULL, "print the result as JSON"}, KIND_FLAG, AT(json), NULL},
    {{0, "quiet", NULL, "no progress on the terminal"}, KIND_FLAG, AT(quiet), NULL},
    {{'h', "help", NULL, "print this text, and exit"}, KIND_HELP, 0, NULL},
    {{'V', "version", NULL, "print the version, and exit"}, KIND_VERSION, 0, NULL},
};

enum { ROWS = sizeof rows / sizeof *rows };

static const struct option_table table = {rows, sizeof *rows, ROWS};

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
        return option_parse_count(argument, target);
    case KIND_DECIMAL:
        return option_parse_decimal(argument, DECIMAL_LEAST, DECIMAL_MOST, target);
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

/* What the command line says besides settings. */
struct words {
    enum command command;
    bool given[ROWS]; /* which options */
};

/* Reads the options. Returns false after a mistake. */
static bool read_options(int argc, char **argv, struct settings *settings, struct words *words)
{
    struct option_reader reader;
    int i;

    option_reader_init(&reader, &table);
    while ((i = option_reader_next(&reader, argc, argv)) >= 0) {
        const struct row *row = &rows[i];

        if (!store((char *)settings + row->offset, row->kind, optarg)) {
            return fail("--%s: \"%s\" is not %s", row->text.name, optarg, takes[row->kind]);
        }
        words->given[i] = true;
        words->command = row->kind == KIND_HELP      ? COMMAND_HELP
                         : row->kind == KIND_VERSION ? COMMAND_VERSION
                                                     : words->command;
    }
    return i == OPTION_END || fail("%s", reader.mistake);
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
            !option_is_among(rows[i].modes, settings->mode->name)) {
            return fail("--%s has no meaning in mode %s", rows[i].text.name, settings->mode->name);
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
    option_table_print(&table, 30, stream);
    fputs("\nExit status: 0 all well, 1 something lost, wrong or refused, 2 usage.\n"
          "See wsrelay-bench(1).\n",
          stream);
}

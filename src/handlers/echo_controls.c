/*
 * The parameters of an echo's query: the table of all of them, and reading one after the other.
 */
#include "handlers/echo_controls.h"

#include "protocol/close.h"
#include "protocol/http.h"
#include "protocol/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <string.h>

enum { MINUTE_MS = 60000, HOUR_MS = 60 * MINUTE_MS, DAY_MS = 24 * HOUR_MS };

/* What a problem shows of a name or a value that is wrong. */
enum { SHOWN_BYTES = 64 };

#define FIELD(member) .offset = offsetof(struct echo_controls, member)
#define NUMBER(member, low, high)                                                                  \
    .type = ECHO_CONTROL_NUMBER, FIELD(member), .minimum = (low), .maximum = (high)

const struct echo_control echo_control_rows[] = {
    {.name = "delay",
     NUMBER(delay_ms, 0, MINUTE_MS),
     .unit = "ms",
     .help = "sends each message back so much later"},
    {.name = "jitter",
     NUMBER(jitter_ms, 0, MINUTE_MS),
     .unit = "ms",
     .help = "and up to so much more, at random; messages keep their order"},
    {.name = "drop",
     NUMBER(drop_percent, 0, 100),
     .unit = "percent",
     .help = "of the messages are not sent back, at random"},
    {.name = "chunk",
     NUMBER(chunk_bytes, 1, 16 << 20),
     .unit = "bytes",
     .help = "sends messages back in fragments of so much each"},
    {.name = "repeat", NUMBER(repeat, 1, 1000), .help = "sends each message back so many times"},
    {.name = "close",
     .type = ECHO_CONTROL_CLOSE,
     FIELD(close_code),
     .help = "closes with this code; 1005: with an empty Close frame, 1006: without any"},
    {.name = "reason",
     .type = ECHO_CONTROL_TEXT,
     FIELD(reason),
     .maximum = FRAME_CLOSE_REASON_MAX,
     .help = "is what the Close frame says"},
    {.name = "after",
     NUMBER(after_messages, 0, 1000000),
     .unit = "messages",
     .help = "are received, and the last of them sent back, before the close"},
    {.name = "status",
     NUMBER(status, 300, 599),
     .help = "refuses the handshake with this HTTP status"},
    {.name = "subprotocol",
     .type = ECHO_CONTROL_TOKEN,
     FIELD(subprotocol),
     .maximum = ECHO_SUBPROTOCOL_MAX_BYTES,
     .help = "answers with this subprotocol, whether the client offers it or not"},
    {.name = "ping",
     NUMBER(ping_ms, 100, HOUR_MS),
     .unit = "ms",
     .help = "of silence are followed by a Ping"},
    {.name = "max_age",
     NUMBER(max_age_ms, 100, DAY_MS),
     .unit = "ms",
     .help = "after the handshake the connection is closed with 1001"},
    {.name = "info",
     NUMBER(info, 0, 1),
     .help = "1 sends what the handler info sends, as the first message"},
    {.name = NULL},
};

/* One parameter of the query. */
struct parameter {
    struct slice name;                      /* raw */
    struct slice raw;                       /* the value */
    char value[FRAME_CLOSE_REASON_MAX + 2]; /* decoded, terminated; longer ones are cut */
    size_t length;
};

static int shown(struct slice text)
{
    return (int)(text.length < SHOWN_BYTES ? text.length : SHOWN_BYTES);
}

static __attribute__((format(printf, 2, 3))) bool report(char *problem, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(problem, ECHO_CONTROLS_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* ---- taking the query apart ---- */

static struct slice take_until(struct slice *rest, char end)
{
    const char *found = rest->length > 0 ? memchr(rest->data, end, rest->length) : NULL;
    struct slice taken = {rest->data, found != NULL ? (size_t)(found - rest->data) : rest->length};
    size_t used = taken.length + (found != NULL ? 1 : 0);

    rest->data += used;
    rest->length -= used;
    return taken;
}

static int hex_value(char digit)
{
    static const char digits[] = "0123456789abcdef0123456789ABCDEF";
    const char *found = digit != '\0' ? strchr(digits, digit) : NULL;

    return found != NULL ? (int)(found - digits) % 16 : -1;
}

/* The byte at the start of `raw`, of which it takes one or three; -1 for a broken escape. */
static int take_byte(struct slice *raw)
{
    size_t taken = raw->data[0] == '%' ? 3 : 1;
    int byte = raw->data[0] == '+' ? ' ' : (unsigned char)raw->data[0];

    if (taken > raw->length) {
        return -1;
    }
    if (taken == 3) {
        int high = hex_value(raw->data[1]);
        int low = hex_value(raw->data[2]);

        byte = high < 0 || low < 0 ? -1 : high * 16 + low;
    }
    raw->data += taken;
    raw->length -= taken;
    return byte;
}

/* Decodes as much of the value as can be looked at; false for a broken escape. */
static bool decode(struct parameter *parameter)
{
    struct slice raw = parameter->raw;

    parameter->length = 0;
    while (raw.length > 0 && parameter->length < sizeof parameter->value - 1) {
        int byte = take_byte(&raw);

        if (byte < 0) {
            return false;
        }
        parameter->value[parameter->length++] = (char)byte;
    }
    parameter->value[parameter->length] = '\0';
    return true;
}

/* ---- reading one value ---- */

/* The number that the value is, or -1: nothing but digits, and no more than any limit has. */
static int64_t number_of(const struct parameter *parameter)
{
    enum { DIGITS_MAX = 10 };
    int64_t number = 0;

    if (parameter->length == 0 || parameter->length > DIGITS_MAX) {
        return -1;
    }
    for (size_t i = 0; i < parameter->length; i++) {
        if (parameter->value[i] < '0' || parameter->value[i] > '9') {
            return -1;
        }
        number = number * 10 + (parameter->value[i] - '0');
    }
    return number;
}

typedef bool read_value(const struct echo_control *control, const struct parameter *parameter,
                        void *field, char *problem);

static bool read_number(const struct echo_control *control, const struct parameter *parameter,
                        void *field, char *problem)
{
    int64_t number = number_of(parameter);

    if (number < control->minimum || number > control->maximum) {
        return report(problem, "%s: \"%.*s\" is not a whole number from %u to %u.", control->name,
                      shown(parameter->raw), parameter->raw.data, control->minimum,
                      control->maximum);
    }
    *(uint32_t *)field = (uint32_t)number;
    return true;
}

static bool read_close(const struct echo_control *control, const struct parameter *parameter,
                       void *field, char *problem)
{
    int64_t number = number_of(parameter);

    if (number > UINT16_MAX || !(close_code_may_be_sent((uint16_t)number) ||
                                 number == CLOSE_NO_STATUS || number == CLOSE_ABNORMAL)) {
        return report(problem,
                      "%s: \"%.*s\" is not 1005, 1006 or a code that a Close frame may have.",
                      control->name, shown(parameter->raw), parameter->raw.data);
    }
    *(uint32_t *)field = (uint32_t)number;
    return true;
}

static bool read_text(const struct echo_control *control, const struct parameter *parameter,
                      void *field, char *problem)
{
    if (parameter->length > control->maximum ||
        memchr(parameter->value, '\0', parameter->length) != NULL ||
        !utf8_valid((const uint8_t *)parameter->value, parameter->length)) {
        return report(problem, "%s: \"%.*s\" is not UTF-8 of at most %u bytes.", control->name,
                      shown(parameter->raw), parameter->raw.data, control->maximum);
    }
    memcpy(field, parameter->value, parameter->length + 1);
    return true;
}

static bool read_token(const struct echo_control *control, const struct parameter *parameter,
                       void *field, char *problem)
{
    if (parameter->length > control->maximum ||
        !http_is_token((struct slice){parameter->value, parameter->length})) {
        return report(problem, "%s: \"%.*s\" is not a token of at most %u bytes.", control->name,
                      shown(parameter->raw), parameter->raw.data, control->maximum);
    }
    memcpy(field, parameter->value, parameter->length + 1);
    return true;
}

static read_value *const readers[ECHO_CONTROL_TYPES] = {
    [ECHO_CONTROL_NUMBER] = read_number,
    [ECHO_CONTROL_CLOSE] = read_close,
    [ECHO_CONTROL_TEXT] = read_text,
    [ECHO_CONTROL_TOKEN] = read_token,
};

/* ---- all of them ---- */

static const struct echo_control *find(struct slice name)
{
    const struct echo_control *control = echo_control_rows;

    while (control->name != NULL && !slice_equal(slice_of(control->name), name)) {
        control++;
    }
    return control->name != NULL ? control : NULL;
}

/* A bit for each row that the query has had. */
static uint32_t bit_of(const struct echo_control *control)
{
    return UINT32_C(1) << (control - echo_control_rows);
}

static bool is_given(uint32_t given, struct slice name)
{
    return (given & bit_of(find(name))) != 0;
}

static bool read_parameter(struct parameter *parameter, struct echo_controls *controls,
                           uint32_t *given, char *problem)
{
    const struct echo_control *control = find(parameter->name);

    if (control == NULL) {
        return report(problem, "\"%.*s\" is no parameter of this echo.", shown(parameter->name),
                      parameter->name.data);
    }
    if ((*given & bit_of(control)) != 0) {
        return report(problem, "%s stands twice.", control->name);
    }
    *given |= bit_of(control);
    if (!decode(parameter)) {
        return report(problem, "%s: a percent sign is not followed by two hex digits.",
                      control->name);
    }
    return readers[control->type](control, parameter, (char *)controls + control->offset, problem);
}

/* What only means something together with something else. */
static bool check_pairs(uint32_t given, const struct echo_controls *controls, char *problem)
{
    bool has_close = is_given(given, SLICE("close"));

    if (is_given(given, SLICE("after")) && !has_close) {
        return report(problem, "after: there is no close.");
    }
    if (is_given(given, SLICE("reason")) &&
        (!has_close || !close_code_may_be_sent((uint16_t)controls->close_code))) {
        return report(problem, "reason: there is no close with a code that is sent.");
    }
    return true;
}

bool echo_controls_parse(struct slice query, struct echo_controls *controls,
                         char problem[ECHO_CONTROLS_PROBLEM_BYTES])
{
    uint32_t given = 0;

    *controls = (struct echo_controls){.repeat = 1};
    while (query.length > 0) {
        struct slice rest = take_until(&query, '&');
        struct parameter parameter;

        if (rest.length == 0) {
            continue;
        }
        parameter.name = take_until(&rest, '=');
        parameter.raw = rest;
        if (!read_parameter(&parameter, controls, &given, problem)) {
            return false;
        }
    }
    return check_pairs(given, controls, problem);
}

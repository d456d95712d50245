/*
 * How a query shapes an echo: `?delay=500&drop=10`. Browsers cannot set header fields, but any
 * client can ask for a query.
 */
#ifndef WSRELAYD_HANDLERS_ECHO_CONTROLS_H
#define WSRELAYD_HANDLERS_ECHO_CONTROLS_H

#include "base/slice.h"
#include "protocol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { ECHO_SUBPROTOCOL_MAX_BYTES = 64, ECHO_CONTROLS_PROBLEM_BYTES = 192 };

/* 0 and empty: not asked for. */
struct echo_controls {
    uint32_t delay_ms;
    uint32_t jitter_ms;
    uint32_t drop_percent;
    uint32_t chunk_bytes;
    uint32_t repeat; /* at least 1 */
    uint32_t close_code;
    uint32_t after_messages;
    uint32_t status;
    uint32_t ping_ms;
    uint32_t max_age_ms;
    uint32_t info;
    char reason[FRAME_CLOSE_REASON_MAX + 1];
    char subprotocol[ECHO_SUBPROTOCOL_MAX_BYTES + 1];
};

/* A kind of value. */
enum echo_control_type {
    ECHO_CONTROL_NUMBER, /* decimal digits, from minimum to maximum */
    ECHO_CONTROL_CLOSE,  /* a close code that may be sent, 1005 or 1006 */
    ECHO_CONTROL_TEXT,   /* UTF-8 of up to maximum bytes */
    ECHO_CONTROL_TOKEN,  /* a token of RFC 9110 of up to maximum bytes */
    ECHO_CONTROL_TYPES
};

/* A parameter, as the documents have it. */
struct echo_control {
    const char *name;
    enum echo_control_type type;
    size_t offset; /* of the field in struct echo_controls */
    uint32_t minimum;
    uint32_t maximum;
    const char *unit; /* of a number; NULL: none */
    const char *help; /* one line */
};

/* All there are, ended by one without a name. */
extern const struct echo_control echo_control_rows[];

/*
 * Reads a query (raw, without the "?"), in which "&" stands between parameters and "+" for a blank.
 * On false `problem` names the parameter and says what is wrong, in one line of ASCII.
 */
bool echo_controls_parse(struct slice query, struct echo_controls *controls,
                         char problem[ECHO_CONTROLS_PROBLEM_BYTES]);

#endif

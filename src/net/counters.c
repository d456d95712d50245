/*
 * Names of what is counted.
 */
#include "net/counters.h"

const char *const counter_names[COUNTER_COUNT] = {
    [COUNTER_CONNECTIONS] = "connections",
    [COUNTER_UPGRADES] = "upgrades",
    [COUNTER_REFUSALS] = "refusals",
    [COUNTER_TLS_FAILURES] = "tls_failures",
    [COUNTER_HANDSHAKE_TIMEOUTS] = "handshake_timeouts",
    [COUNTER_OVER_LIMIT] = "over_limit",
    [COUNTER_HEAD_TOO_LARGE] = "head_too_large",
    [COUNTER_MESSAGES_IN] = "messages_in",
    [COUNTER_MESSAGES_OUT] = "messages_out",
    [COUNTER_BYTES_IN] = "bytes_in",
    [COUNTER_BYTES_OUT] = "bytes_out",
    [COUNTER_PROTOCOL_ERRORS] = "protocol_errors",
    [COUNTER_INVALID_DATA] = "invalid_data",
    [COUNTER_POLICY] = "policy",
    [COUNTER_TOO_BIG] = "too_big",
    [COUNTER_INTERNAL_ERRORS] = "internal_errors",
    [COUNTER_TOO_SLOW] = "too_slow",
    [COUNTER_SEND_TIMEOUTS] = "send_timeouts",
    [COUNTER_PING_TIMEOUTS] = "ping_timeouts",
    [COUNTER_IDLE_TIMEOUTS] = "idle_timeouts",
    [COUNTER_AGE_LIMITS] = "age_limits",
    [COUNTER_CLOSE_TIMEOUTS] = "close_timeouts",
    [COUNTER_LOST_CONNECTIONS] = "lost_connections",
    [COUNTER_STOPPED_CLEAN] = "stopped_clean",
    [COUNTER_STOPPED_FORCED] = "stopped_forced",
    [COUNTER_STOPPED_UNFLUSHED] = "stopped_unflushed",
};

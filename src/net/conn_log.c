/*
 * What the log says of a connection: one line when it opens and one when it closes.
 */
#include "net/conn.h"

#include "base/log.h"
#include "net/loop.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

void peer_set(struct peer *peer, const struct sockaddr *address)
{
    *peer = (struct peer){.family = (uint8_t)address->sa_family};
    if (address->sa_family == AF_INET) {
        const struct sockaddr_in *v4 = (const struct sockaddr_in *)(const void *)address;

        memcpy(peer->address, &v4->sin_addr, sizeof v4->sin_addr);
        peer->port = ntohs(v4->sin_port);
    } else if (address->sa_family == AF_INET6) {
        const struct sockaddr_in6 *v6 = (const struct sockaddr_in6 *)(const void *)address;

        memcpy(peer->address, &v6->sin6_addr, sizeof v6->sin6_addr);
        peer->port = ntohs(v6->sin6_port);
    } else {
        peer->family = AF_UNIX;
    }
}

void peer_format(const struct peer *peer, char text[PEER_TEXT_BYTES])
{
    char host[INET6_ADDRSTRLEN];

    if (peer->family == AF_UNIX) {
        snprintf(text, PEER_TEXT_BYTES, "unix:");
        return;
    }
    inet_ntop(peer->family, peer->address, host, sizeof host);
    snprintf(text, PEER_TEXT_BYTES, peer->family == AF_INET6 ? "[%s]:%u" : "%s:%u", host,
             peer->port);
}

static const char *or_empty(const char *text)
{
    return text != NULL ? text : "";
}

static bool wants_access(const struct conn *conn)
{
    return conn->loop->snapshot->log_access;
}

/* What both lines say of the connection, and what only the line of its end can say. */
enum { OPENED_FIELDS = 4, CLOSED_FIELDS = 11 };

/* Writes the first `count` fields as one line: to the access log, or else at `level`. */
static void log_line(const struct conn *conn, enum log_level level, const char *message,
                     size_t count)
{
    char remote[PEER_TEXT_BYTES];

    if (!wants_access(conn) && !log_enabled(level)) {
        return;
    }
    peer_format(&conn->peer, remote);
    const struct log_field fields[CLOSED_FIELDS] = {
        LOG_TEXT("remote", remote),
        LOG_TEXT("route", conn->route->config.path),
        LOG_TEXT("tls", transport_tls_version(&conn->transport)),
        LOG_TEXT("subprotocol", or_empty(conn->subprotocol)),
        LOG_NUMBER("code", conn->close_code),
        LOG_SLICE("reason", conn->close_reason),
        LOG_NUMBER("duration_ms", loop_now(conn->loop) - conn->opened_ms),
        LOG_NUMBER("messages_in", conn->messages_in),
        LOG_NUMBER("messages_out", conn->messages_out),
        LOG_NUMBER("bytes_in", conn->bytes_in),
        LOG_NUMBER("bytes_out", conn->bytes_out),
    };

    if (wants_access(conn)) {
        log_access(message, fields, count);
    } else {
        log_event(level, message, fields, count);
    }
}

void conn_log_opened(const struct conn *conn)
{
    log_line(conn, LOG_LEVEL_DEBUG, "opened", OPENED_FIELDS);
}

/* Ends that somebody may want to know of without an access log. */
static enum log_level closed_level(const struct conn *conn)
{
    if (conn->closed_by_peer) {
        return LOG_LEVEL_DEBUG;
    }
    switch (conn->close_code) {
    case CLOSE_INTERNAL_ERROR:
        return LOG_LEVEL_WARNING;
    case CLOSE_PROTOCOL_ERROR:
    case CLOSE_INVALID_DATA:
    case CLOSE_POLICY:
    case CLOSE_TOO_BIG:
    case CLOSE_TRY_LATER:
        return LOG_LEVEL_INFO;
    default:
        return LOG_LEVEL_DEBUG;
    }
}

/* A connection that never opened has no route, code or messages to speak of. */
static void log_ended_early(const struct conn *conn)
{
    char remote[PEER_TEXT_BYTES];

    peer_format(&conn->peer, remote);
    log_debug("ended before the upgrade", LOG_TEXT("remote", remote),
              LOG_TEXT("listener", conn->listener->name), LOG_SLICE("reason", conn->close_reason));
}

void conn_log_closed(const struct conn *conn)
{
    if (conn->opened) {
        log_line(conn, closed_level(conn), "closed", CLOSED_FIELDS);
    } else {
        log_ended_early(conn);
    }
}

void conn_log_served(const struct conn *conn, const char *service)
{
    char remote[PEER_TEXT_BYTES];

    if (!wants_access(conn) && !log_enabled(LOG_LEVEL_DEBUG)) {
        return;
    }
    peer_format(&conn->peer, remote);
    const struct log_field fields[] = {
        LOG_TEXT("remote", remote),
        LOG_TEXT("listener", conn->listener->name),
        LOG_TEXT("tls", transport_tls_version(&conn->transport)),
        LOG_TEXT("service", service),
    };
    size_t count = sizeof fields / sizeof fields[0];

    if (wants_access(conn)) {
        log_access("served", fields, count);
    } else {
        log_event(LOG_LEVEL_DEBUG, "served", fields, count);
    }
}

void conn_log_refused(const struct conn *conn, const struct http_refusal *refusal)
{
    char remote[PEER_TEXT_BYTES];

    if (!log_enabled(LOG_LEVEL_INFO)) {
        return;
    }
    peer_format(&conn->peer, remote);
    log_info("refused", LOG_TEXT("remote", remote), LOG_TEXT("listener", conn->listener->name),
             LOG_NUMBER("status", refusal->status), LOG_TEXT("reason", refusal->reason));
}

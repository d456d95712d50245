/*
 * Looking at a connection.
 */
#include "admin/connection_facts.h"

#include "admin/time_text.h"
#include "base/clock.h"
#include "net/loop.h"
#include "net/route_counters.h"
#include "relay/relay.h"

#include <arpa/inet.h>
#include <stdio.h>
#include <string.h>

json_t *text_json(struct slice text)
{
    json_t *json = json_stringn(text.data != NULL ? text.data : "", text.length);

    return json != NULL ? json : json_null();
}

bool connection_room(const struct conn *conn, struct slice *namespace, struct slice *name)
{
    const struct relay_member *member = NULL;

    if (conn->attached && conn->handler->membership != NULL) {
        member = conn->handler->membership(conn);
    }
    return member != NULL && relay_member_room(member, namespace, name);
}

void connection_address(const struct conn *conn, char text[CONNECTION_ADDRESS_BYTES])
{
    if (conn->peer.family == AF_UNIX) {
        snprintf(text, CONNECTION_ADDRESS_BYTES, "unix");
    } else {
        (void)inet_ntop(conn->peer.family, conn->peer.address, text, CONNECTION_ADDRESS_BYTES);
    }
}

const char *connection_route(const struct conn *conn)
{
    return conn->counters != NULL ? conn->counters->name : NULL;
}

static const char *tls_version(const struct conn *conn)
{
    return conn->transport.tls != NULL ? transport_tls_version(&conn->transport) : NULL;
}

static json_t *port_json(const struct conn *conn)
{
    return conn->peer.family == AF_UNIX ? json_null() : json_integer(conn->peer.port);
}

/* Returns whether there was the memory for it; so do those below. */
static bool add(json_t *row, const char *name, json_t *value)
{
    return json_object_set_new(row, name, value) == 0;
}

static bool add_room(json_t *row, const struct conn *conn)
{
    struct slice namespace;
    struct slice name;
    bool has_room = connection_room(conn, &namespace, &name);

    return add(row, "namespace", has_room ? text_json(namespace) : json_null()) &&
           add(row, "room", has_room ? text_json(name) : json_null());
}

/* What it has sent and received, and so many a second: on average over its age, as nothing else is
 * known; over one second at least, as less would make many of few. */
static bool add_traffic(json_t *row, const struct conn *conn, double age_s)
{
    const struct {
        const char *name;
        const char *rate_name;
        uint64_t count;
    } counts[] = {
        {"messages_in", "messages_in_per_second", conn->messages_in},
        {"messages_out", "messages_out_per_second", conn->messages_out},
        {"bytes_in", "bytes_in_per_second", conn->bytes_in},
        {"bytes_out", "bytes_out_per_second", conn->bytes_out},
    };
    double rate_s = age_s > 1 ? age_s : 1;

    for (size_t i = 0; i < sizeof counts / sizeof counts[0]; i++) {
        if (!add(row, counts[i].name, json_integer((json_int_t)counts[i].count)) ||
            !add(row, counts[i].rate_name, json_real((double)counts[i].count / rate_s))) {
            return false;
        }
    }
    return true;
}

/* Since the last message, or since the connection is there. */
static int64_t idle_since_ms(const struct conn *conn)
{
    return conn->message_ms != 0 ? conn->message_ms : conn->opened_ms;
}

json_t *connection_json(struct conn *conn)
{
    int64_t now_ms = loop_now(conn->loop);
    double age_s = (double)(now_ms - conn->opened_ms) / 1000;
    json_t *row;
    char id[48];
    char address[CONNECTION_ADDRESS_BYTES];
    char opened[TIME_TEXT_BYTES];

    snprintf(id, sizeof id, "%u-%llu", conn->loop->index, (unsigned long long)conn->number);
    connection_address(conn, address);
    time_text(clock_unix_ms() - (now_ms - conn->opened_ms), opened);
    row = json_pack("{s:s, s:s, s:s, s:o, s:s, s:s?, s:s?, s:s?, s:s, s:f, s:f, s:I}", "id", id,
                    "state", conn_state_name(conn->state), "address", address, "port",
                    port_json(conn), "listener", conn->listener->name, "route",
                    connection_route(conn), "subprotocol", conn->subprotocol, "tls",
                    tls_version(conn), "opened_at", opened, "age_seconds", age_s, "idle_seconds",
                    (double)(now_ms - idle_since_ms(conn)) / 1000, "queue_bytes",
                    (json_int_t)(conn->outbox != NULL ? conn->outbox->bytes : 0));
    if (row == NULL || !add_room(row, conn) || !add_traffic(row, conn, age_s)) {
        json_decref(row);
        return NULL;
    }
    return row;
}

/* Digits that make a number of at most 19 of them; no leading zero but "0" itself. */
static bool parse_number(struct slice text, uint64_t *number)
{
    *number = 0;
    if (text.length == 0 || text.length > 19 || (text.data[0] == '0' && text.length > 1)) {
        return false;
    }
    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] < '0' || text.data[i] > '9') {
            return false;
        }
        *number = *number * 10 + (uint64_t)(text.data[i] - '0');
    }
    return true;
}

bool connection_id_parse(struct slice id, unsigned *worker, uint64_t *number)
{
    const char *dash = id.length > 0 ? memchr(id.data, '-', id.length) : NULL;
    uint64_t index;

    if (dash == NULL || !parse_number((struct slice){id.data, (size_t)(dash - id.data)}, &index) ||
        !parse_number((struct slice){dash + 1, id.length - (size_t)(dash - id.data) - 1}, number) ||
        index > UINT16_MAX) {
        return false;
    }
    *worker = (unsigned)index;
    return true;
}

/*
 * What handlers may know of a connection's way here.
 */
#include "net/conn.h"

#include <arpa/inet.h>

void conn_describe(const struct conn *conn, struct conn_description *description)
{
    const struct peer *peer = &conn->peer;
    bool has_tls = conn->transport.tls != NULL;

    *description = (struct conn_description){
        .port = peer->port,
        .listener = conn->listener->name,
        .tls_version = has_tls ? transport_tls_version(&conn->transport) : NULL,
        .tls_cipher = has_tls ? transport_tls_cipher(&conn->transport) : NULL,
    };
    if (peer->family != AF_UNIX) {
        inet_ntop(peer->family, peer->address, description->address, CONN_ADDRESS_BYTES);
    }
    transport_tls_subject(&conn->transport, description->tls_subject, CONN_SUBJECT_BYTES);
}

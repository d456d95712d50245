/*
 * A TLS connection whose two ends are in one thread: a server of a context under test and a client
 * that does as it is told.
 */
#ifndef WSRELAYD_TESTS_TLS_LINK_H
#define WSRELAYD_TESTS_TLS_LINK_H

#include "net/tls.h"

#include <stdbool.h>

/* What a client does. */
struct tls_client {
    const char *server_name; /* NULL: none is sent */
    const char *alpn;        /* as on the wire; NULL: none is sent */
    int version;             /* 0: any */
    const char *certificate; /* NAME of a pair, or NULL */
    const char *ciphers;     /* of TLS 1.2; NULL: all */
    const char *group;       /* NULL: all */
    SSL_SESSION *session;    /* to be resumed, or NULL */
};

/* Both ends of a connection. */
struct tls_link {
    SSL_CTX *client_context;
    SSL *client;
    SSL *server;
    int sockets[2];
    bool done;   /* the handshake, and a byte each way */
    int tickets; /* that the client got */
};

/* Connects as far as it goes. */
void tls_link_connect(struct tls_link *link, struct tls_context *context,
                      const struct tls_client *options);

/* Ends both ends in an orderly way, so that the session stays good. */
void tls_link_free(struct tls_link *link);

/* Whether a client of this kind gets through. */
bool tls_link_works(struct tls_context *context, struct tls_client client);

#endif

/*
 * Both ends of a TLS connection.
 */
#include "tls_link.h"

#include "certificates.h"

#include <check.h>
#include <openssl/err.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static void load_client_certificate(SSL_CTX *context, const char *name)
{
    struct certificate_config pair = certificates_pair(name);

    ck_assert_int_eq(SSL_CTX_use_certificate_file(context, pair.certificate, SSL_FILETYPE_PEM), 1);
    ck_assert_int_eq(SSL_CTX_use_PrivateKey_file(context, pair.private_key, SSL_FILETYPE_PEM), 1);
    certificates_pair_free(&pair);
}

static int count_ticket(SSL *client, SSL_SESSION *session)
{
    struct tls_link *link = SSL_get_app_data(client);

    (void)session;
    link->tickets++;
    return 0;
}

/* The host's configuration bends the client too: straighten it. */
static SSL_CTX *create_client_context(const struct tls_client *options)
{
    SSL_CTX *context = SSL_CTX_new(TLS_client_method());
    char groups[64];
    char algorithms[64];

    SSL_CTX_clear_options(context, SSL_OP_NO_TICKET | SSL_OP_NO_TLSv1_3);
    SSL_CTX_set_min_proto_version(context, options->version != 0 ? options->version : TLS1_VERSION);
    SSL_CTX_set_max_proto_version(context, options->version);
    SSL_CTX_set_session_cache_mode(context, SSL_SESS_CACHE_CLIENT | SSL_SESS_CACHE_NO_INTERNAL);
    SSL_CTX_sess_set_new_cb(context, count_ticket);
    SSL_CTX_set_security_level(context, 0);
    SSL_CTX_set_verify(context, SSL_VERIFY_NONE, NULL);
    SSL_CTX_set_cipher_list(context, options->ciphers != NULL ? options->ciphers : "ALL");
    SSL_CTX_set_ciphersuites(context, "TLS_AES_256_GCM_SHA384:TLS_AES_128_GCM_SHA256");
    snprintf(groups, sizeof groups, "%s",
             options->group != NULL ? options->group : "P-521:P-384:P-256:X25519");
    ck_assert_int_eq(SSL_CTX_set1_groups_list(context, groups), 1);
    snprintf(algorithms, sizeof algorithms, "ECDSA+SHA256:RSA-PSS+SHA256:RSA+SHA256");
    ck_assert_int_eq(SSL_CTX_set1_sigalgs_list(context, algorithms), 1);
    ck_assert_int_eq(SSL_CTX_set1_client_sigalgs_list(context, algorithms), 1);
    if (options->certificate != NULL) {
        load_client_certificate(context, options->certificate);
    }
    return context;
}

static SSL *create_client(struct tls_link *link, const struct tls_client *options)
{
    SSL *client = SSL_new(link->client_context);

    SSL_set_fd(client, link->sockets[0]);
    SSL_set_app_data(client, link);
    SSL_set_connect_state(client);
    if (options->server_name != NULL) {
        char name[256];

        snprintf(name, sizeof name, "%s", options->server_name);
        SSL_set_tlsext_host_name(client, name);
    }
    if (options->alpn != NULL) {
        SSL_set_alpn_protos(client, (const unsigned char *)options->alpn,
                            (unsigned)strlen(options->alpn));
    }
    if (options->session != NULL) {
        SSL_set_session(client, options->session);
    }
    return client;
}

/* One step of one end. Returns false when it failed for good. */
static bool step(SSL *end)
{
    int result = SSL_do_handshake(end);
    int error = SSL_get_error(end, result);

    ERR_clear_error();
    return result == 1 || error == SSL_ERROR_WANT_READ || error == SSL_ERROR_WANT_WRITE;
}

/* A byte each way: the handshake of TLS 1.3 ends for the server, and tickets reach the client. */
static bool exchange(struct tls_link *link)
{
    char byte = 0;

    return SSL_write(link->client, "c", 1) == 1 && SSL_read(link->server, &byte, 1) == 1 &&
           byte == 'c' && SSL_write(link->server, "s", 1) == 1 &&
           SSL_read(link->client, &byte, 1) == 1 && byte == 's';
}

void tls_link_connect(struct tls_link *link, struct tls_context *context,
                      const struct tls_client *options)
{
    bool good = true;

    *link = (struct tls_link){0};
    ck_assert_int_eq(socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK, 0, link->sockets), 0);
    link->client_context = create_client_context(options);
    link->client = create_client(link, options);
    link->server = tls_connection_create(context);
    ck_assert_ptr_nonnull(link->server);
    SSL_set_fd(link->server, link->sockets[1]);
    while (good && (SSL_in_init(link->client) || SSL_in_init(link->server))) {
        good = step(link->client) && step(link->server);
    }
    link->done = good && exchange(link);
    ERR_clear_error();
}

void tls_link_free(struct tls_link *link)
{
    SSL_shutdown(link->client);
    SSL_shutdown(link->server);
    SSL_free(link->client);
    SSL_free(link->server);
    SSL_CTX_free(link->client_context);
    close(link->sockets[0]);
    close(link->sockets[1]);
    ERR_clear_error();
}

bool tls_link_works(struct tls_context *context, struct tls_client options)
{
    struct tls_link link;

    tls_link_connect(&link, context, &options);
    tls_link_free(&link);
    return link.done;
}

/*
 * TLS contexts. Whatever the host's openssl.cnf could change is set here, so that a configuration
 * means the same on every machine.
 */
#include "net/tls.h"

#include "net/tls_certificate.h"
#include "net/tls_names.h"
#include "net/tls_report.h"
#include "net/tls_tickets.h"

#include <openssl/err.h>
#include <openssl/rand.h>
#include <openssl/x509.h>
#include <stdlib.h>
#include <string.h>
#include <time.h>

enum { SECURITY_LEVEL = 2, CHAIN_DEPTH_MAX = 8, TICKETS = 1, SUBJECT_BYTES = 1024 };

/* Early data stays off: an upgrade request that can be replayed is no use to anybody. */
enum { EARLY_DATA_MAX_BYTES = 0 };

/*
 * NO_TICKET is absent: without tickets TLS 1.3 sessions would need the cache, which is off.
 * ENABLE_MIDDLEBOX_COMPAT is OpenSSL's own default.
 */
static const uint64_t options = SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION |
                                SSL_OP_CIPHER_SERVER_PREFERENCE | SSL_OP_PRIORITIZE_CHACHA |
                                SSL_OP_ENABLE_MIDDLEBOX_COMPAT;

/* RELEASE_BUFFERS gives 34 KiB back while a connection is idle. */
static const long modes = SSL_MODE_RELEASE_BUFFERS | SSL_MODE_AUTO_RETRY;

/* Forward secrecy and authenticated encryption only; the cheapest first. */
static const char cipher_list[] = "ECDHE-ECDSA-AES128-GCM-SHA256:ECDHE-RSA-AES128-GCM-SHA256:"
                                  "ECDHE-ECDSA-CHACHA20-POLY1305:ECDHE-RSA-CHACHA20-POLY1305:"
                                  "ECDHE-ECDSA-AES256-GCM-SHA384:ECDHE-RSA-AES256-GCM-SHA384";
static const char cipher_suites[] =
    "TLS_AES_128_GCM_SHA256:TLS_CHACHA20_POLY1305_SHA256:TLS_AES_256_GCM_SHA384";

/* Not const, because the macros that take them cast it away. */
static char groups[] = "X25519:P-256";
static char signature_algorithms[] =
    "ECDSA+SHA256:ECDSA+SHA384:ECDSA+SHA512:ed25519:ed448:"
    "RSA-PSS+SHA256:RSA-PSS+SHA384:RSA-PSS+SHA512:RSA+SHA256:RSA+SHA384:RSA+SHA512";

static const unsigned char alpn_http[] = "\x08http/1.1";

static const int versions[] = {
    [TLS_VERSION_1_2] = TLS1_2_VERSION,
    [TLS_VERSION_1_3] = TLS1_3_VERSION,
};

static const int verify_modes[] = {
    [CLIENT_AUTH_NONE] = SSL_VERIFY_NONE,
    [CLIENT_AUTH_OPTIONAL] = SSL_VERIFY_PEER,
    [CLIENT_AUTH_REQUIRED] = SSL_VERIFY_PEER | SSL_VERIFY_FAIL_IF_NO_PEER_CERT,
};

struct tls_context {
    SSL_CTX **contexts; /* in the order of the certificates; the first is the default */
    size_t count;
    struct tls_names names;
    struct tls_tickets *tickets; /* a reference */
    enum client_auth client_auth;
    /*
     * Shared by all contexts, because a session may be resumed through another certificate, and
     * random, because one of another listener may not: its client was asked for other proofs.
     */
    unsigned char session_id_context[SSL_MAX_SID_CTX_LENGTH];
};

/* Selects http/1.1 (RFC 7301). A client that does not offer it goes on without ALPN. */
static int select_protocol(SSL *ssl, const unsigned char **selected, unsigned char *selected_length,
                           const unsigned char *offered, unsigned offered_length, void *argument)
{
    unsigned char *found = NULL;

    (void)ssl;
    (void)argument;
    if (offered_length == 0 ||
        SSL_select_next_proto(&found, selected_length, alpn_http, sizeof alpn_http - 1, offered,
                              offered_length) != OPENSSL_NPN_NEGOTIATED) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    *selected = found;
    return SSL_TLSEXT_ERR_OK;
}

/* Changes to the certificate of the client's server name; any worker's thread. */
static int select_certificate(SSL *ssl, int *alert, void *argument)
{
    const struct tls_context *context = argument;
    const char *server_name = SSL_get_servername(ssl, TLSEXT_NAMETYPE_host_name);
    SSL_CTX *found;

    (void)alert;
    if (server_name == NULL) {
        return SSL_TLSEXT_ERR_NOACK;
    }
    found = tls_names_find(&context->names, server_name);
    if (found != NULL && SSL_set_SSL_CTX(ssl, found) == NULL) {
        return SSL_TLSEXT_ERR_ALERT_FATAL;
    }
    return SSL_TLSEXT_ERR_OK;
}

static bool set_versions_and_ciphers(SSL_CTX *ssl, enum tls_version min_version)
{
    SSL_CTX_set_security_level(ssl, SECURITY_LEVEL);
    return SSL_CTX_set_min_proto_version(ssl, versions[min_version]) == 1 &&
           SSL_CTX_set_max_proto_version(ssl, TLS1_3_VERSION) == 1 &&
           SSL_CTX_set_cipher_list(ssl, cipher_list) == 1 &&
           SSL_CTX_set_ciphersuites(ssl, cipher_suites) == 1 &&
           SSL_CTX_set1_groups_list(ssl, groups) == 1 &&
           SSL_CTX_set1_sigalgs_list(ssl, signature_algorithms) == 1 &&
           SSL_CTX_set1_client_sigalgs_list(ssl, signature_algorithms) == 1;
}

/* Tickets without a cache: a session costs the server no memory once its connection is gone. */
static bool set_sessions(SSL_CTX *ssl, const struct tls_context *context)
{
    SSL_CTX_set_session_cache_mode(ssl, SSL_SESS_CACHE_OFF);
    return SSL_CTX_set_session_id_context(ssl, context->session_id_context,
                                          sizeof context->session_id_context) == 1 &&
           tls_tickets_serve(context->tickets, ssl) && SSL_CTX_set_num_tickets(ssl, TICKETS) == 1 &&
           SSL_CTX_set_max_early_data(ssl, EARLY_DATA_MAX_BYTES) == 1 &&
           SSL_CTX_set_recv_max_early_data(ssl, EARLY_DATA_MAX_BYTES) == 1 &&
           SSL_CTX_set_block_padding(ssl, 0) == 1;
}

static void set_callbacks(SSL_CTX *ssl, struct tls_context *context)
{
    SSL_CTX_set_alpn_select_cb(ssl, select_protocol, NULL);
    SSL_CTX_set_tlsext_servername_callback(ssl, select_certificate);
    SSL_CTX_set_tlsext_servername_arg(ssl, context);
}

/*
 * A connection takes its options and its verify mode from the first context, and certificate and
 * trusted authorities from the one that the server name selects: so all are made equal.
 */
static SSL_CTX *create_ssl_context(struct tls_context *context, const struct tls_config *config,
                                   const struct tls_report *report)
{
    SSL_CTX *ssl = SSL_CTX_new(TLS_server_method());

    if (ssl == NULL || !set_versions_and_ciphers(ssl, config->min_version) ||
        !set_sessions(ssl, context)) {
        tls_report(report, LOG_LEVEL_ERROR, "", "cannot set TLS up: %s", tls_report_reason());
        SSL_CTX_free(ssl);
        return NULL;
    }
    SSL_CTX_clear_options(ssl, SSL_CTX_get_options(ssl));
    SSL_CTX_set_options(ssl, options);
    SSL_CTX_set_mode(ssl, modes);
    SSL_CTX_set_verify(ssl, verify_modes[config->client_auth], NULL);
    SSL_CTX_set_verify_depth(ssl, CHAIN_DEPTH_MAX);
    set_callbacks(ssl, context);
    return ssl;
}

/* Adds a context for one certificate. Returns whether all went well. */
static bool add_certificate(struct tls_context *context, const struct tls_config *config,
                            size_t index, const struct tls_report *report)
{
    char element[TLS_REPORT_KEY_BYTES];
    const struct tls_report own = {report->line, report->argument, element};
    SSL_CTX *ssl = create_ssl_context(context, config, report);
    X509 *loaded;

    snprintf(element, sizeof element, "certificates[%zu].", index);
    if (ssl == NULL) {
        return false;
    }
    context->contexts[context->count++] = ssl;
    loaded = tls_certificate_load(ssl, &config->certificates[index], &own);
    if (loaded == NULL) {
        return false;
    }
    if (tls_names_add(&context->names, loaded, ssl) != 0) {
        tls_report(report, LOG_LEVEL_ERROR, "", "memory is short");
        return false;
    }
    return true;
}

/* Lets every context verify client certificates. */
static bool trust_client_ca(struct tls_context *context, const struct tls_config *config,
                            const struct tls_report *report)
{
    if (config->client_auth == CLIENT_AUTH_NONE) {
        return true;
    }
    for (size_t i = 0; i < context->count; i++) {
        if (tls_certificate_trust(context->contexts[i], config->client_ca, report) != 0) {
            return false;
        }
    }
    return true;
}

static struct tls_context *allocate(size_t certificate_count)
{
    struct tls_context *context = calloc(1, sizeof *context);

    if (context == NULL) {
        return NULL;
    }
    context->contexts = calloc(certificate_count, sizeof(SSL_CTX *));
    context->tickets = tls_tickets_create();
    if (context->contexts == NULL || context->tickets == NULL ||
        RAND_bytes(context->session_id_context, sizeof context->session_id_context) != 1) {
        tls_context_free(context);
        return NULL;
    }
    return context;
}

struct tls_context *tls_context_create(const struct tls_config *config, tls_report_line *report,
                                       void *argument)
{
    const struct tls_report problems = {report, argument, ""};
    struct tls_context *context = allocate(config->certificate_count);
    bool good = context != NULL;

    if (context == NULL) {
        tls_report(&problems, LOG_LEVEL_ERROR, "", "memory is short");
        return NULL;
    }
    context->client_auth = config->client_auth;
    for (size_t i = 0; i < config->certificate_count; i++) {
        good = add_certificate(context, config, i, &problems) && good;
    }
    good = trust_client_ca(context, config, &problems) && good;
    if (!good) {
        tls_context_free(context);
        return NULL;
    }
    tls_names_sort(&context->names);
    return context;
}

bool tls_context_continue(struct tls_context *context, const struct tls_context *previous)
{
    struct tls_tickets *own = context->tickets;
    bool good = true;

    if (context->client_auth != CLIENT_AUTH_NONE || previous->client_auth != CLIENT_AUTH_NONE) {
        return true;
    }
    context->tickets = tls_tickets_hold(previous->tickets);
    memcpy(context->session_id_context, previous->session_id_context,
           sizeof context->session_id_context);
    for (size_t i = 0; i < context->count; i++) {
        good = set_sessions(context->contexts[i], context) && good;
    }
    tls_tickets_free(own);
    return good;
}

void tls_context_free(struct tls_context *context)
{
    if (context == NULL) {
        return;
    }
    for (size_t i = 0; i < context->count; i++) {
        SSL_CTX_free(context->contexts[i]);
    }
    tls_names_free(&context->names);
    tls_tickets_free(context->tickets);
    free(context->contexts);
    free(context);
}

static int64_t seconds_since_1970(const ASN1_TIME *time)
{
    struct tm parts;

    return ASN1_TIME_to_tm(time, &parts) == 1 ? (int64_t)timegm(&parts) : 0;
}

static void visit_certificate(const X509 *certificate, tls_visit_certificate *visit, void *argument)
{
    char subject[SUBJECT_BYTES];

    tls_certificate_write_subject(certificate, subject, sizeof subject);
    visit(argument, subject, seconds_since_1970(X509_get0_notAfter(certificate)));
}

void tls_visit_certificates(const struct tls_context *context, tls_visit_certificate *visit,
                            void *argument)
{
    for (size_t i = 0; i < context->count; i++) {
        const X509 *certificate = SSL_CTX_get0_certificate(context->contexts[i]);

        if (certificate != NULL) {
            visit_certificate(certificate, visit, argument);
        }
    }
}

SSL *tls_connection_create(struct tls_context *context)
{
    SSL *ssl = SSL_new(context->contexts[0]);

    if (ssl == NULL) {
        ERR_clear_error();
        return NULL;
    }
    SSL_set_accept_state(ssl);
    return ssl;
}

/*
 * TLS contexts, by handshakes with a client in the same thread. All of it runs under a host
 * configuration of OpenSSL that contradicts every setting of ours.
 */
#include "net/tls.h"

#include "certificates.h"
#include "suite.h"
#include "tls_link.h"

#include <check.h>
#include <openssl/x509v3.h>
#include <pthread.h>
#include <stdarg.h>
#include <stdbool.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { CERTIFICATES_MAX = 5, THREADS = 4, HANDSHAKES = 25 };

/* --- the configuration under test --- */

struct fixture {
    struct tls_config config;
    struct certificate_config certificates[CERTIFICATES_MAX];
    struct tls_context *context; /* between begin and end */
};

static void add_pair(struct fixture *fixture, struct certificate_config pair)
{
    fixture->config.certificates = fixture->certificates;
    fixture->certificates[fixture->config.certificate_count++] = pair;
}

static void refuse_report(void *argument, enum log_level level, const char *key, const char *line)
{
    (void)argument;
    ck_abort_msg("level %d: %s: %s", (int)level, key, line);
}

/* Creates a context for the certificates that are named, up to NULL; nothing may be reported. */
static void begin(struct fixture *fixture, ...)
{
    const char *name;
    va_list names;

    va_start(names, fixture);
    while ((name = va_arg(names, const char *)) != NULL) {
        add_pair(fixture, certificates_pair(name));
    }
    va_end(names);
    fixture->context = tls_context_create(&fixture->config, refuse_report, NULL);
    ck_assert_ptr_nonnull(fixture->context);
}

static void end(struct fixture *fixture)
{
    tls_context_free(fixture->context);
    for (size_t i = 0; i < fixture->config.certificate_count; i++) {
        certificates_pair_free(&fixture->certificates[i]);
    }
    free(fixture->config.client_ca);
}

/* The common name of the certificate that the server showed. */
static void served_name(const struct tls_link *link, char *name, int room)
{
    X509 *certificate = SSL_get1_peer_certificate(link->client);

    ck_assert_ptr_nonnull(certificate);
    X509_NAME_get_text_by_NID(X509_get_subject_name(certificate), NID_commonName, name, room);
    X509_free(certificate);
}

/* --- versions and algorithms --- */

static const struct {
    enum tls_version minimum;
    int version;
    bool accepted;
} version_rows[] = {
    {TLS_VERSION_1_2, TLS1_VERSION, false},   {TLS_VERSION_1_2, TLS1_1_VERSION, false},
    {TLS_VERSION_1_2, TLS1_2_VERSION, true},  {TLS_VERSION_1_2, TLS1_3_VERSION, true},
    {TLS_VERSION_1_3, TLS1_1_VERSION, false}, {TLS_VERSION_1_3, TLS1_2_VERSION, false},
    {TLS_VERSION_1_3, TLS1_3_VERSION, true},
};

START_TEST(test_versions_from_min_version_on_are_served)
{
    struct fixture fixture = {.config.min_version = version_rows[_i].minimum};

    begin(&fixture, "localhost", NULL);
    ck_assert_int_eq(
        tls_link_works(fixture.context, (struct tls_client){.version = version_rows[_i].version}),
        version_rows[_i].accepted);
    end(&fixture);
}
END_TEST

static const struct {
    int version;
    const char *certificate;
    const char *ciphers;
    const char *expected; /* NULL: refused */
} cipher_rows[] = {
    {TLS1_3_VERSION, "localhost", NULL, "TLS_AES_128_GCM_SHA256"},
    {TLS1_2_VERSION, "localhost", NULL, "ECDHE-ECDSA-AES128-GCM-SHA256"},
    {TLS1_2_VERSION, "rsa", NULL, "ECDHE-RSA-AES128-GCM-SHA256"},
    {TLS1_2_VERSION, "rsa", "ECDHE-RSA-CHACHA20-POLY1305:ALL", "ECDHE-RSA-CHACHA20-POLY1305"},
    {TLS1_2_VERSION, "rsa", "AES128-GCM-SHA256", NULL},
    {TLS1_2_VERSION, "rsa", "DHE-RSA-AES128-GCM-SHA256", NULL},
    {TLS1_2_VERSION, "rsa", "ECDHE-RSA-AES128-SHA256", NULL},
    {TLS1_2_VERSION, "rsa", "aNULL@SECLEVEL=0", NULL},
};

START_TEST(test_ciphers_are_authenticated_and_forward_secret)
{
    struct fixture fixture = {0};
    struct tls_client options = {.version = cipher_rows[_i].version,
                                 .ciphers = cipher_rows[_i].ciphers};
    struct tls_link link;

    begin(&fixture, cipher_rows[_i].certificate, NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert_int_eq(link.done, cipher_rows[_i].expected != NULL);
    if (link.done) {
        ck_assert_str_eq(SSL_get_cipher_name(link.server), cipher_rows[_i].expected);
        ck_assert_ptr_null(SSL_get_current_compression(link.server));
    }
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

static const struct {
    const char *group;
    bool accepted;
} group_rows[] = {{"X25519", true}, {"P-256", true}, {"P-384", false}};

START_TEST(test_key_exchange_uses_the_two_fast_groups)
{
    struct fixture fixture = {0};

    begin(&fixture, "rsa", NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client options = {.version = version, .group = group_rows[_i].group};

        ck_assert_int_eq(tls_link_works(fixture.context, options), group_rows[_i].accepted);
    }
    end(&fixture);
}
END_TEST

START_TEST(test_the_connection_is_set_up_for_the_transport)
{
    const uint64_t wanted =
        SSL_OP_NO_RENEGOTIATION | SSL_OP_NO_COMPRESSION | SSL_OP_CIPHER_SERVER_PREFERENCE;
    struct fixture fixture = {0};
    SSL *ssl;

    begin(&fixture, "localhost", NULL);
    ssl = tls_connection_create(fixture.context);
    ck_assert(SSL_is_server(ssl));
    ck_assert_int_eq(SSL_get_mode(ssl) & SSL_MODE_RELEASE_BUFFERS, SSL_MODE_RELEASE_BUFFERS);
    ck_assert_uint_eq(SSL_get_options(ssl) & wanted, wanted);
    ck_assert_uint_eq(SSL_get_options(ssl) & (SSL_OP_NO_TICKET | SSL_OP_NO_TLSv1_3), 0);
    ck_assert_int_eq(SSL_CTX_get_session_cache_mode(SSL_get_SSL_CTX(ssl)), SSL_SESS_CACHE_OFF);
    ck_assert_int_eq(SSL_get_security_level(ssl), 2);
    ck_assert_uint_eq(SSL_get_max_early_data(ssl), 0);
    ck_assert_uint_eq(SSL_get_recv_max_early_data(ssl), 0);
    SSL_free(ssl);
    end(&fixture);
}
END_TEST

START_TEST(test_a_client_cannot_renegotiate)
{
    struct fixture fixture = {0};
    struct tls_client options = {.version = TLS1_2_VERSION};
    struct tls_link link;
    char byte;

    begin(&fixture, "localhost", NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert(link.done);
    SSL_clear_options(link.client, SSL_OP_NO_RENEGOTIATION);
    ck_assert_int_eq(SSL_renegotiate(link.client), 1);
    (void)SSL_do_handshake(link.client);
    (void)SSL_read(link.server, &byte, 1);
    ck_assert_int_le(SSL_do_handshake(link.client), 0);
    ck_assert_int_eq(SSL_get_error(link.client, -1), SSL_ERROR_SSL);
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

/* --- server names --- */

static const struct {
    const char *server_name;
    const char *served;
} server_name_rows[] = {
    {NULL, "localhost"},
    {"localhost", "localhost"},
    {"other.example", "other.example"},
    {"OTHER.Example", "other.example"},
    {"other.example.", "other.example"},
    {"a.wild.example", "wild.example"},
    {"a.b.wild.example", "localhost"},
    {"exact.other.example", "wild.example"},
    {"common.example", "common.example"},
    {"rsa.example", "rsa.example"},
    {"unknown.example", "localhost"},
};

START_TEST(test_the_server_name_selects_the_certificate)
{
    struct fixture fixture = {0};

    begin(&fixture, "localhost", "other", "wild", "common", "rsa", NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client options = {.server_name = server_name_rows[_i].server_name,
                                     .version = version};
        struct tls_link link;
        char name[64];

        tls_link_connect(&link, fixture.context, &options);
        ck_assert(link.done);
        served_name(&link, name, sizeof name);
        ck_assert_str_eq(name, server_name_rows[_i].served);
        tls_link_free(&link);
    }
    end(&fixture);
}
END_TEST

START_TEST(test_the_chain_is_sent_behind_the_certificate)
{
    struct fixture fixture = {0};
    struct tls_client options = {0};
    struct tls_link link;

    begin(&fixture, "chain", NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert(link.done);
    ck_assert_int_eq(sk_X509_num(SSL_get_peer_cert_chain(link.client)), 2);
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

/* --- ALPN --- */

static const struct {
    const char *offered;
    const char *selected;
} alpn_rows[] = {
    {NULL, ""},     {"\x08http/1.1", "http/1.1"}, {"\x02h2\x08http/1.1", "http/1.1"},
    {"\x02h2", ""}, {"\x08http/1.0\x02h2", ""},   {"\x07http/1.", ""},
};

START_TEST(test_alpn_selects_http_or_goes_on_without)
{
    struct fixture fixture = {0};
    struct tls_client options = {.alpn = alpn_rows[_i].offered};
    struct tls_link link;
    const unsigned char *selected = NULL;
    unsigned length = 0;

    begin(&fixture, "localhost", NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert(link.done);
    SSL_get0_alpn_selected(link.client, &selected, &length);
    ck_assert_uint_eq(length, strlen(alpn_rows[_i].selected));
    ck_assert(length == 0 || memcmp(selected, alpn_rows[_i].selected, length) == 0);
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

/* --- client certificates --- */

static const struct {
    enum client_auth policy;
    const char *certificate; /* what the client has */
    bool accepted;
} client_auth_rows[] = {
    {CLIENT_AUTH_NONE, NULL, true},
    {CLIENT_AUTH_NONE, "stranger", true},
    {CLIENT_AUTH_OPTIONAL, NULL, true},
    {CLIENT_AUTH_OPTIONAL, "client", true},
    {CLIENT_AUTH_OPTIONAL, "stranger", false},
    {CLIENT_AUTH_REQUIRED, NULL, false},
    {CLIENT_AUTH_REQUIRED, "client", true},
    {CLIENT_AUTH_REQUIRED, "stranger", false},
};

START_TEST(test_client_certificates_are_verified_whichever_name_is_asked_for)
{
    static const char *const server_names[] = {"localhost", "other.example"};
    struct fixture fixture = {.config.client_auth = client_auth_rows[_i].policy};

    fixture.config.client_ca = certificates_path("ca.pem");
    begin(&fixture, "localhost", "other", NULL);
    for (size_t i = 0; i < 2; i++) {
        for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
            struct tls_client options = {.server_name = server_names[i],
                                         .version = version,
                                         .certificate = client_auth_rows[_i].certificate};

            ck_assert_msg(tls_link_works(fixture.context, options) == client_auth_rows[_i].accepted,
                          "%s, version %x", server_names[i], (unsigned)version);
        }
    }
    end(&fixture);
}
END_TEST

START_TEST(test_clients_are_told_the_authorities)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_OPTIONAL};
    struct tls_client options = {.server_name = "other.example"};
    struct tls_link link;
    char name[128];

    fixture.config.client_ca = certificates_path("ca.pem");
    begin(&fixture, "localhost", "other", NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert(link.done);
    ck_assert_int_eq(sk_X509_NAME_num(SSL_get0_peer_CA_list(link.client)), 1);
    X509_NAME_oneline(sk_X509_NAME_value(SSL_get0_peer_CA_list(link.client), 0), name, sizeof name);
    ck_assert_str_eq(name, "/CN=Test authority");
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

/* --- sessions --- */

/* The session of a fresh connection, to be resumed with `options`. */
static SSL_SESSION *first_session(struct tls_context *context, const struct tls_client *options)
{
    struct tls_link link;
    SSL_SESSION *session;

    tls_link_connect(&link, context, options);
    ck_assert(link.done);
    ck_assert(!SSL_session_reused(link.server));
    session = SSL_get1_session(link.client);
    ck_assert(SSL_SESSION_is_resumable(session));
    tls_link_free(&link);
    return session;
}

static bool resumes(struct tls_context *context, struct tls_client options, SSL_SESSION *session)
{
    struct tls_link link;
    bool reused;

    options.session = session;
    tls_link_connect(&link, context, &options);
    ck_assert(link.done);
    reused = SSL_session_reused(link.server);
    tls_link_free(&link);
    return reused;
}

START_TEST(test_a_ticket_resumes_the_session)
{
    struct fixture fixture = {.config.client_auth = CLIENT_AUTH_REQUIRED};

    fixture.config.client_ca = certificates_path("ca.pem");
    begin(&fixture, "localhost", "other", NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client options = {
            .version = version, .certificate = "client", .server_name = "other.example"};
        SSL_SESSION *session = first_session(fixture.context, &options);

        ck_assert(resumes(fixture.context, options, session));
        SSL_SESSION_free(session);
    }
    end(&fixture);
}
END_TEST

START_TEST(test_a_ticket_is_worth_nothing_at_another_listener)
{
    struct fixture fixture = {0};
    struct tls_context *another;

    begin(&fixture, "localhost", NULL);
    another = tls_context_create(&fixture.config, refuse_report, NULL);
    for (int version = TLS1_2_VERSION; version <= TLS1_3_VERSION; version++) {
        struct tls_client options = {.version = version};
        SSL_SESSION *session = first_session(fixture.context, &options);

        ck_assert(!resumes(another, options, session));
        SSL_SESSION_free(session);
    }
    tls_context_free(another);
    end(&fixture);
}
END_TEST

START_TEST(test_one_ticket_is_sent)
{
    struct fixture fixture = {0};
    struct tls_client options = {.version = TLS1_3_VERSION};
    struct tls_link link;
    char byte;

    begin(&fixture, "localhost", NULL);
    tls_link_connect(&link, fixture.context, &options);
    ck_assert(link.done);
    ck_assert_int_le(SSL_read(link.client, &byte, 1), 0);
    ck_assert_int_eq(link.tickets, 1);
    tls_link_free(&link);
    end(&fixture);
}
END_TEST

/* --- threads --- */

static void *connect_often(void *argument)
{
    for (int i = 0; i < HANDSHAKES; i++) {
        struct tls_client options = {.server_name = i % 2 == 0 ? "localhost" : "other.example"};

        if (!tls_link_works(argument, options)) {
            return argument;
        }
    }
    return NULL;
}

START_TEST(test_threads_share_a_context)
{
    struct fixture fixture = {0};
    pthread_t threads[THREADS];

    begin(&fixture, "localhost", "other", NULL);
    for (size_t i = 0; i < THREADS; i++) {
        ck_assert_int_eq(pthread_create(&threads[i], NULL, connect_often, fixture.context), 0);
    }
    for (size_t i = 0; i < THREADS; i++) {
        void *failed;

        pthread_join(threads[i], &failed);
        ck_assert_ptr_null(failed);
    }
    end(&fixture);
}
END_TEST

/* --- the program --- */

static Suite *tls_suite(void)
{
    Suite *suite = suite_create("tls");
    TCase *policy = tcase_create("policy");
    TCase *names = tcase_create("names and protocols");
    TCase *clients = tcase_create("clients");

    tcase_add_loop_test(policy, test_versions_from_min_version_on_are_served, 0,
                        sizeof version_rows / sizeof *version_rows);
    tcase_add_loop_test(policy, test_ciphers_are_authenticated_and_forward_secret, 0,
                        sizeof cipher_rows / sizeof *cipher_rows);
    tcase_add_loop_test(policy, test_key_exchange_uses_the_two_fast_groups, 0,
                        sizeof group_rows / sizeof *group_rows);
    tcase_add_test(policy, test_the_connection_is_set_up_for_the_transport);
    tcase_add_test(policy, test_a_client_cannot_renegotiate);
    tcase_add_test(policy, test_threads_share_a_context);
    suite_add_tcase(suite, policy);
    tcase_add_loop_test(names, test_the_server_name_selects_the_certificate, 0,
                        sizeof server_name_rows / sizeof *server_name_rows);
    tcase_add_test(names, test_the_chain_is_sent_behind_the_certificate);
    tcase_add_loop_test(names, test_alpn_selects_http_or_goes_on_without, 0,
                        sizeof alpn_rows / sizeof *alpn_rows);
    suite_add_tcase(suite, names);
    tcase_add_loop_test(clients, test_client_certificates_are_verified_whichever_name_is_asked_for,
                        0, sizeof client_auth_rows / sizeof *client_auth_rows);
    tcase_add_test(clients, test_clients_are_told_the_authorities);
    tcase_add_test(clients, test_a_ticket_resumes_the_session);
    tcase_add_test(clients, test_a_ticket_is_worth_nothing_at_another_listener);
    tcase_add_test(clients, test_one_ticket_is_sent);
    suite_add_tcase(suite, clients);
    return suite;
}

/* What a host could set for every program that uses OpenSSL. */
static const char host_configuration[] =
    "openssl_conf = start\n[start]\nssl_conf = ssl\n[ssl]\nsystem_default = hostile\n[hostile]\n"
    "MinProtocol = TLSv1\nMaxProtocol = TLSv1.2\nCipherString = AES128-SHA:@SECLEVEL=0\n"
    "Ciphersuites = TLS_AES_256_GCM_SHA384\nGroups = P-384\nSignatureAlgorithms = RSA+SHA1\n"
    "ClientSignatureAlgorithms = RSA+SHA1\nNumTickets = 7\nVerifyMode = Require\n"
    "Options = -SessionTicket,-ServerPreference,UnsafeLegacyRenegotiation,-AntiReplay\n";

int main(void)
{
    char *path;
    int status;

    certificates_make();
    certificates_write("openssl.cnf", host_configuration);
    path = certificates_path("openssl.cnf");
    setenv("OPENSSL_CONF", path, 1);
    free(path);
    status = suite_run(tls_suite());
    certificates_remove();
    return status;
}

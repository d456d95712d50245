/*
 * Reading PEM files. Everything that can be wrong with them gets a line that names the file and
 * says what to do.
 */
#include "net/tls_certificate.h"

#include <errno.h>
#include <fcntl.h>
#include <openssl/err.h>
#include <openssl/pem.h>
#include <openssl/x509.h>
#include <stdbool.h>
#include <stdio.h>
#include <string.h>
#include <time.h>
#include <unistd.h>

enum { DATE_BYTES = 32 };

/* A kind of file: the key that names one, and what it is called in a sentence. */
struct kind {
    const char *key;
    const char *name;
};

static const struct kind server_certificate = {"certificate", "certificate"};
static const struct kind server_key = {"private_key", "private key"};
static const struct kind client_authority = {"client_ca", "client CA"};

/* Opens a file for OpenSSL, close-on-exec. Returns NULL when it was reported, or not named. */
static BIO *open_file(const char *path, const struct kind *kind, const struct tls_report *report)
{
    int fd = path != NULL ? open(path, O_RDONLY | O_CLOEXEC) : -1;
    FILE *file = fd >= 0 ? fdopen(fd, "r") : NULL;
    BIO *bio = file != NULL ? BIO_new_fp(file, BIO_CLOSE) : NULL;

    if (bio != NULL || path == NULL) {
        return bio;
    }
    tls_report(report, LOG_LEVEL_ERROR, kind->key, "cannot open the %s %s: %s", kind->name, path,
               strerror(errno));
    if (file != NULL) {
        (void)fclose(file);
    } else if (fd >= 0) {
        (void)close(fd);
    }
    return NULL;
}

static void free_certificates(STACK_OF(X509) *certificates)
{
    sk_X509_pop_free(certificates, X509_free);
}

/* Refuses to ask anybody for a passphrase: a daemon has no one to ask. */
static int refuse_passphrase(char *buffer, int size, int writing, void *asked)
{
    (void)buffer;
    (void)size;
    (void)writing;
    *(bool *)asked = true;
    return -1;
}

/* Reads certificates to the end of the file. Returns NULL and leaves the error in the queue. */
static STACK_OF(X509) *read_all(BIO *bio)
{
    STACK_OF(X509) *certificates = sk_X509_new_null();
    X509 *certificate;

    while (certificates != NULL && (certificate = PEM_read_bio_X509(bio, NULL, NULL, NULL))) {
        if (sk_X509_push(certificates, certificate) == 0) {
            X509_free(certificate);
            break;
        }
    }
    /* The end of the file shows as a missing start line; anything else is a damaged block. */
    if (ERR_GET_REASON(ERR_peek_last_error()) == PEM_R_NO_START_LINE &&
        sk_X509_num(certificates) > 0) {
        ERR_clear_error();
        return certificates;
    }
    free_certificates(certificates);
    return NULL;
}

static STACK_OF(X509) *read_certificates(const char *path, const struct kind *kind,
                                         const struct tls_report *report)
{
    BIO *bio = open_file(path, kind, report);
    STACK_OF(X509) *certificates = bio != NULL ? read_all(bio) : NULL;

    if (bio != NULL && certificates == NULL) {
        tls_report(report, LOG_LEVEL_ERROR, kind->key,
                   "the %s %s is not a PEM file of certificates (\"BEGIN CERTIFICATE\"): %s",
                   kind->name, path, tls_report_reason());
    }
    BIO_free(bio);
    return certificates;
}

static EVP_PKEY *read_key(const char *path, const struct tls_report *report)
{
    BIO *bio = open_file(path, &server_key, report);
    bool encrypted = false;
    EVP_PKEY *key = NULL;

    if (bio == NULL) {
        return NULL;
    }
    key = PEM_read_bio_PrivateKey(bio, NULL, refuse_passphrase, &encrypted);
    if (encrypted) {
        tls_report(report, LOG_LEVEL_ERROR, server_key.key,
                   "the private key %s is encrypted: store it without a passphrase "
                   "(openssl pkey -in OLD -out NEW)",
                   path);
    } else if (key == NULL) {
        tls_report(report, LOG_LEVEL_ERROR, server_key.key,
                   "%s is not a PEM file of a private key (\"BEGIN PRIVATE KEY\"): %s", path,
                   tls_report_reason());
    }
    ERR_clear_error();
    BIO_free(bio);
    return key;
}

static void format_date(const ASN1_TIME *date, char text[DATE_BYTES])
{
    struct tm fields;

    if (ASN1_TIME_to_tm(date, &fields) != 1 ||
        strftime(text, DATE_BYTES, "%Y-%m-%d %H:%M:%S UTC", &fields) == 0) {
        snprintf(text, DATE_BYTES, "an unreadable date");
    }
}

static void check_dates(const X509 *certificate, const char *path, const struct tls_report *report)
{
    char date[DATE_BYTES];

    if (X509_cmp_current_time(X509_get0_notAfter(certificate)) < 0) {
        format_date(X509_get0_notAfter(certificate), date);
        tls_report(report, LOG_LEVEL_WARNING, server_certificate.key,
                   "the certificate %s expired on %s: clients will refuse it", path, date);
    } else if (X509_cmp_current_time(X509_get0_notBefore(certificate)) > 0) {
        format_date(X509_get0_notBefore(certificate), date);
        tls_report(report, LOG_LEVEL_WARNING, server_certificate.key,
                   "the certificate %s is not valid before %s: clients will refuse it", path, date);
    }
}

/* Gives certificate, key and chain to `context`. Returns the certificate, or NULL. */
static X509 *use(SSL_CTX *context, STACK_OF(X509) *certificates, EVP_PKEY *key,
                 const struct certificate_config *config, const struct tls_report *report)
{
    X509 *certificate = sk_X509_value(certificates, 0);

    if (X509_check_private_key(certificate, key) != 1) {
        ERR_clear_error();
        tls_report(report, LOG_LEVEL_ERROR, server_key.key,
                   "the private key %s does not belong to the first certificate in %s (the "
                   "server's own must come first, then its chain)",
                   config->private_key, config->certificate);
        return NULL;
    }
    (void)sk_X509_shift(certificates); /* what is left is the chain */
    if (SSL_CTX_use_cert_and_key(context, certificate, key, certificates, 1) != 1) {
        tls_report(report, LOG_LEVEL_ERROR, server_certificate.key,
                   "the certificate %s cannot be used: %s", config->certificate,
                   tls_report_reason());
        X509_free(certificate);
        return NULL;
    }
    check_dates(certificate, config->certificate, report);
    X509_free(certificate); /* the context holds its own reference */
    return certificate;
}

X509 *tls_certificate_load(SSL_CTX *context, const struct certificate_config *config,
                           const struct tls_report *report)
{
    STACK_OF(X509) *certificates =
        read_certificates(config->certificate, &server_certificate, report);
    EVP_PKEY *key = read_key(config->private_key, report);
    X509 *certificate = NULL;

    if (certificates != NULL && key != NULL) {
        certificate = use(context, certificates, key, config, report);
    }
    EVP_PKEY_free(key);
    free_certificates(certificates);
    return certificate;
}

int tls_certificate_trust(SSL_CTX *context, const char *path, const struct tls_report *report)
{
    STACK_OF(X509) *authorities = read_certificates(path, &client_authority, report);
    int result = authorities != NULL ? 0 : -1;

    for (int i = 0; result == 0 && i < sk_X509_num(authorities); i++) {
        X509 *authority = sk_X509_value(authorities, i);

        if (X509_STORE_add_cert(SSL_CTX_get_cert_store(context), authority) != 1 ||
            SSL_CTX_add_client_CA(context, authority) != 1) {
            tls_report(report, LOG_LEVEL_ERROR, client_authority.key,
                       "the client CA %s cannot be used: %s", path, tls_report_reason());
            result = -1;
        }
    }
    free_certificates(authorities);
    return result;
}

void tls_certificate_write_subject(const X509 *certificate, char *text, size_t room)
{
    BIO *bio = BIO_new(BIO_s_mem());
    int length = 0;

    if (bio != NULL &&
        X509_NAME_print_ex(bio, X509_get_subject_name(certificate), 0, XN_FLAG_RFC2253) >= 0) {
        length = BIO_read(bio, text, (int)room - 1);
    }
    text[length > 0 ? length : 0] = '\0';
    BIO_free(bio);
    ERR_clear_error();
}

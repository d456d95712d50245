/*
 * PEM files: certificate chains, private keys and the authorities of client certificates.
 */
#ifndef WSRELAYD_NET_TLS_CERTIFICATE_H
#define WSRELAYD_NET_TLS_CERTIFICATE_H

#include "config/config.h"
#include "net/tls_report.h"

#include <openssl/ssl.h>

/*
 * Loads a certificate, its chain and its key into `context` and checks that they belong together.
 * Returns the certificate, which `context` owns, or NULL when an error was reported. A certificate
 * that is out of date is a warning: clients decide.
 */
X509 *tls_certificate_load(SSL_CTX *context, const struct certificate_config *config,
                           const struct tls_report *report);

/* Writes the subject as RFC 2253 does, which is ASCII, cut to `room` bytes with the NUL. */
void tls_certificate_write_subject(const X509 *certificate, char *text, size_t room);

/* Makes `context` trust, and name to clients, every authority in a file. Returns 0 or -1. */
int tls_certificate_trust(SSL_CTX *context, const char *path, const struct tls_report *report);

#endif

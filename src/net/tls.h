/*
 * TLS contexts: certificates, versions and policies of a listener. The bytes of a connection go
 * through net/transport.h.
 */
#ifndef WSRELAYD_NET_TLS_H
#define WSRELAYD_NET_TLS_H

#include "config/config.h"
#include "net/tls_report.h"

#include <openssl/ssl.h>
#include <stdbool.h>

/* An SSL_CTX for each certificate; which one serves is decided by the client's server name. */
struct tls_context;

/*
 * Loads everything that `config` names. One line for each problem is given to `report` (what is
 * wrong, with which file, what to do); `argument` is handed through. Returns NULL when there was
 * one of LOG_LEVEL_ERROR; a problem of LOG_LEVEL_WARNING does not keep it from serving. A file
 * that should be named and is not is for the configuration's own checks to report.
 */
struct tls_context *tls_context_create(const struct tls_config *config, tls_report_line *report,
                                       void *argument);
void tls_context_free(struct tls_context *context);

/* The certificates, in the order of the configuration. `subject` is valid during the call. */
typedef void tls_visit_certificate(void *argument, const char *subject, int64_t not_after_unix_s);
void tls_visit_certificates(const struct tls_context *context, tls_visit_certificate *visit,
                            void *argument);

/*
 * Lets the sessions of `previous`, an older context of the same listener, be resumed with this one,
 * which has served nobody yet. Not where either asks clients for certificates: those of a session
 * are not looked at again. Returns whether that went well.
 */
bool tls_context_continue(struct tls_context *context, const struct tls_context *previous);

/*
 * A server-side SSL that neither reads nor writes yet, or NULL when memory is short. Free with
 * SSL_free. Any thread; the SSL is then that thread's own.
 */
SSL *tls_connection_create(struct tls_context *context);

#endif

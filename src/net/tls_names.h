/*
 * Which certificate serves which server name (RFC 6066 §3, matched as RFC 6125 §6.4 says).
 */
#ifndef WSRELAYD_NET_TLS_NAMES_H
#define WSRELAYD_NET_TLS_NAMES_H

#include <openssl/ssl.h>
#include <stddef.h>

struct tls_name;

/* Zero-filled is empty. Built once, then sorted, then only read: by any thread. */
struct tls_names {
    struct tls_name *names;
    size_t count;
};

/*
 * Adds the dNSNames of a certificate, or its common name when it has none. `context` is what
 * tls_names_find will return. Returns 0, or -1 when memory is short.
 */
int tls_names_add(struct tls_names *names, const X509 *certificate, SSL_CTX *context);

/* Must be called once, after the last tls_names_add. */
void tls_names_sort(struct tls_names *names);

/*
 * The context for a server name: that of the exact name, else that of a wildcard for its first
 * label, else NULL. Of several the one that was added first. Case and a final dot do not matter.
 */
SSL_CTX *tls_names_find(const struct tls_names *names, const char *server_name);

void tls_names_free(struct tls_names *names);

#endif

/*
 * How OpenSSL reads and writes: from and to the buffers of the thread instead of the socket.
 */
#ifndef WSRELAYD_NET_TLS_BIO_H
#define WSRELAYD_NET_TLS_BIO_H

#include <openssl/bio.h>

struct tls_stream;

/* NULL when memory is short. Free with BIO_meth_free. */
BIO_METHOD *tls_bio_method_create(void);

/* The two ends of a stream for OpenSSL; NULL when memory is short. Free with BIO_free. */
BIO *tls_bio_create(struct tls_stream *stream);

#endif

/*
 * Plain sockets, and OpenSSL.
 */
#include "bench/stream.h"

#include <arpa/inet.h>
#include <errno.h>
#include <limits.h>
#include <openssl/err.h>
#include <openssl/ssl.h>
#include <stdint.h>
#include <stdio.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static _Thread_local char error_text[256];

const char *stream_error(void)
{
    return error_text;
}

static void keep_error(const char *text)
{
    snprintf(error_text, sizeof error_text, "%s", text);
}

/* What OpenSSL has to say, or else what errno says. A system call that has failed comes first. */
static void keep_tls_error(void)
{
    unsigned long first = ERR_peek_error();
    const char *reason = ERR_SYSTEM_ERROR(first) ? strerror(ERR_GET_REASON(first))
                                                 : ERR_reason_error_string(ERR_peek_last_error());

    keep_error(reason != NULL ? reason : errno != 0 ? strerror(errno) : "the peer has gone");
    ERR_clear_error();
}

/* ---- TLS ---- */

struct ssl_ctx_st *stream_tls_create(const struct stream_trust *trust)
{
    SSL_CTX *tls = SSL_CTX_new(TLS_client_method());
    int trusted = 1;

    if (tls == NULL) {
        keep_tls_error();
        return NULL;
    }
    SSL_CTX_set_mode(tls, SSL_MODE_RELEASE_BUFFERS | SSL_MODE_ENABLE_PARTIAL_WRITE |
                              SSL_MODE_ACCEPT_MOVING_WRITE_BUFFER);
    SSL_CTX_set_session_cache_mode(tls, SSL_SESS_CACHE_OFF);
    if (!trust->insecure) {
        SSL_CTX_set_verify(tls, SSL_VERIFY_PEER, NULL);
        trusted = trust->ca != NULL ? SSL_CTX_load_verify_file(tls, trust->ca)
                                    : SSL_CTX_set_default_verify_paths(tls);
    }
    if (trusted != 1) {
        keep_tls_error();
        SSL_CTX_free(tls);
        return NULL;
    }
    return tls;
}

void stream_tls_free(struct ssl_ctx_st *tls)
{
    SSL_CTX_free(tls);
}

static bool is_address(const char *name)
{
    struct in6_addr address;

    return inet_pton(AF_INET, name, &address) == 1 || inet_pton(AF_INET6, name, &address) == 1;
}

/* A name goes into the greeting, too (RFC 6066 section 3); an address must not. */
static bool expect_name(SSL *tls, const char *name)
{
    if (is_address(name)) {
        return X509_VERIFY_PARAM_set1_ip_asc(SSL_get0_param(tls), name) == 1;
    }
    /* What SSL_set_tlsext_host_name does, but for its cast, which drops the const of the name. */
    return SSL_ctrl(tls, SSL_CTRL_SET_TLSEXT_HOSTNAME, TLSEXT_NAMETYPE_host_name,
                    (void *)(uintptr_t)name) == 1 &&
           SSL_set1_host(tls, name) == 1;
}

bool stream_secure(struct stream *stream, struct ssl_ctx_st *tls, const char *name)
{
    stream->tls = SSL_new(tls);
    if (stream->tls == NULL || SSL_set_fd(stream->tls, stream->fd) != 1 ||
        !expect_name(stream->tls, name)) {
        keep_tls_error();
        return false;
    }
    SSL_set_connect_state(stream->tls);
    return true;
}

/* A certificate that was not accepted is worth a better reason than that it was not. */
static void keep_handshake_error(SSL *tls)
{
    long verdict = SSL_get_verify_result(tls);

    keep_tls_error();
    if (verdict != X509_V_OK) {
        snprintf(error_text, sizeof error_text,
                 "the certificate is not trusted: %s (--ca FILE names an authority, "
                 "--insecure takes any certificate)",
                 X509_verify_cert_error_string(verdict));
    }
}

enum stream_handshake stream_handshake(struct stream *stream)
{
    int result;

    errno = 0;
    result = SSL_do_handshake(stream->tls);
    if (result == 1) {
        return STREAM_HANDSHAKE_DONE;
    }
    switch (SSL_get_error(stream->tls, result)) {
    case SSL_ERROR_WANT_READ:
        return STREAM_HANDSHAKE_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return STREAM_HANDSHAKE_WANTS_WRITE;
    default:
        keep_handshake_error(stream->tls);
        return STREAM_HANDSHAKE_FAILED;
    }
}

/* What a call that moved nothing means. */
static ssize_t judge_tls(const struct stream *stream, int result)
{
    switch (SSL_get_error(stream->tls, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return STREAM_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
        return STREAM_ENDED;
    default:
        keep_tls_error();
        return STREAM_FAILED;
    }
}

static int at_most_int(size_t length)
{
    return length > INT_MAX ? INT_MAX : (int)length;
}

/* ---- both ---- */

static ssize_t judge_plain(ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    if (errno == EAGAIN) {
        return STREAM_AGAIN;
    }
    keep_error(strerror(errno));
    return STREAM_FAILED;
}

ssize_t stream_send(struct stream *stream, const void *bytes, size_t length)
{
    int written;

    if (stream->tls == NULL) {
        return judge_plain(send(stream->fd, bytes, length, MSG_NOSIGNAL));
    }
    errno = 0;
    written = SSL_write(stream->tls, bytes, at_most_int(length));
    return written > 0 ? written : judge_tls(stream, written);
}

ssize_t stream_receive(struct stream *stream, void *target, size_t room)
{
    int got;

    if (stream->tls == NULL) {
        ssize_t received = judge_plain(recv(stream->fd, target, room, 0));

        return received == 0 ? STREAM_ENDED : received;
    }
    errno = 0;
    got = SSL_read(stream->tls, target, at_most_int(room));
    return got > 0 ? got : judge_tls(stream, got);
}

bool stream_has_pending(const struct stream *stream)
{
    return stream->tls != NULL && SSL_pending(stream->tls) > 0;
}

void stream_half_close(struct stream *stream)
{
    if (stream->tls != NULL) {
        SSL_shutdown(stream->tls);
    }
    shutdown(stream->fd, SHUT_WR);
}

void stream_close(struct stream *stream)
{
    SSL_free(stream->tls);
    if (stream->fd >= 0) {
        close(stream->fd);
    }
    *stream = (struct stream){.fd = -1};
}

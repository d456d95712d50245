/*
 * Plain sockets, and which of the two it is.
 */
#include "net/transport.h"

#include "net/tls_certificate.h"
#include "net/tls_stream.h"

#include <errno.h>
#include <sys/socket.h>
#include <unistd.h>

bool transport_start_tls(struct transport *transport, struct tls_wire *wire,
                         struct tls_context *context)
{
    transport->tls = tls_stream_create(wire, context, transport->fd);
    return transport->tls != NULL;
}

const char *transport_tls_version(const struct transport *transport)
{
    return transport->tls != NULL ? SSL_get_version(transport->tls->ssl) : "none";
}

bool transport_tls_resumed(const struct transport *transport)
{
    return SSL_session_reused(transport->tls->ssl) != 0;
}

const char *transport_tls_cipher(const struct transport *transport)
{
    return SSL_get_cipher_name(transport->tls->ssl);
}

void transport_tls_subject(const struct transport *transport, char *text, size_t room)
{
    X509 *certificate =
        transport->tls != NULL ? SSL_get0_peer_certificate(transport->tls->ssl) : NULL;

    text[0] = '\0';
    if (certificate != NULL) {
        tls_certificate_write_subject(certificate, text, room);
    }
}

static ssize_t plain_result(ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    return errno == EAGAIN || errno == EWOULDBLOCK || errno == EINTR ? TRANSPORT_AGAIN
                                                                     : TRANSPORT_FAILED;
}

ssize_t transport_read(struct transport *transport, uint8_t *target, size_t length)
{
    if (transport->tls != NULL) {
        return tls_stream_read(transport->tls, target, length);
    }
    return plain_result(recv(transport->fd, target, length, 0));
}

bool transport_has_pending(const struct transport *transport)
{
    return transport->tls != NULL && tls_stream_has_pending(transport->tls);
}

static ssize_t plain_write(struct transport *transport, const struct iovec *vectors, int count)
{
    struct msghdr header = {.msg_iov = (struct iovec *)(uintptr_t)vectors,
                            .msg_iovlen = (size_t)count};

    if (count == 1) {
        return plain_result(send(transport->fd, vectors->iov_base, vectors->iov_len, MSG_NOSIGNAL));
    }
    return plain_result(sendmsg(transport->fd, &header, MSG_NOSIGNAL));
}

ssize_t transport_write(struct transport *transport, const struct iovec *vectors, int count)
{
    if (transport->tls != NULL) {
        return tls_stream_write(transport->tls, vectors, count);
    }
    return plain_write(transport, vectors, count);
}

bool transport_has_rest(const struct transport *transport)
{
    return transport->tls != NULL && tls_rest_length(&transport->tls->rest) > 0;
}

enum transport_handshake transport_handshake(struct transport *transport, const char **why)
{
    return tls_stream_handshake(transport->tls, why);
}

void transport_half_close(struct transport *transport)
{
    if (transport->tls != NULL) {
        tls_stream_end(transport->tls);
    }
    (void)shutdown(transport->fd, SHUT_WR);
}

void transport_close(struct transport *transport)
{
    if (transport->fd >= 0) {
        (void)close(transport->fd);
        transport->fd = -1;
    }
}

void transport_free(struct transport *transport)
{
    tls_stream_free(transport->tls);
    transport->tls = NULL;
}

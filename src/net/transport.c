/*
 * Plain sockets and TLS on them.
 */
#include "net/transport.h"

#include <errno.h>
#include <openssl/err.h>
#include <string.h>
#include <sys/socket.h>
#include <unistd.h>

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static ssize_t plain_result(ssize_t result)
{
    if (result >= 0) {
        return result;
    }
    return is_transient(errno) ? TRANSPORT_AGAIN : TRANSPORT_FAILED;
}

/*
 * What a failed SSL call means; errno is set for TRANSPORT_FAILED. Once the peer's end has been
 * seen, OpenSSL reports that end for a write which the kernel has refused, too: here it is a
 * failure. A read asks is_end_of_stream first.
 */
static ssize_t tls_failure(struct transport *transport, int result)
{
    int saved = errno;

    switch (SSL_get_error(transport->ssl, result)) {
    case SSL_ERROR_WANT_READ:
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_AGAIN;
    case SSL_ERROR_ZERO_RETURN:
    case SSL_ERROR_SYSCALL:
        errno = saved != 0 ? saved : ECONNRESET;
        break;
    default:
        errno = EPROTO;
        break;
    }
    transport->broken = true;
    return TRANSPORT_FAILED;
}

static bool is_end_of_stream(const struct transport *transport, int result)
{
    return SSL_get_error(transport->ssl, result) == SSL_ERROR_ZERO_RETURN;
}

static ssize_t tls_read(struct transport *transport, uint8_t *target, size_t length)
{
    size_t total = 0;

    transport->read_wants_write = false;
    while (total < length) {
        size_t taken = 0;
        int result;

        ERR_clear_error();
        errno = 0;
        result = SSL_read_ex(transport->ssl, target + total, length - total, &taken);
        if (result <= 0) {
            ssize_t failure =
                is_end_of_stream(transport, result) ? 0 : tls_failure(transport, result);

            transport->read_wants_write =
                failure == TRANSPORT_AGAIN && SSL_want_write(transport->ssl);
            return total > 0 ? (ssize_t)total : failure;
        }
        total += taken;
        if (!SSL_has_pending(transport->ssl) && taken < TLS_RECORD_BYTES) {
            break; /* a short record is the last that the peer wrote: save a call */
        }
    }
    return (ssize_t)total;
}

ssize_t transport_read(struct transport *transport, uint8_t *target, size_t length)
{
    if (transport->ssl != NULL) {
        return tls_read(transport, target, length);
    }
    return plain_result(recv(transport->fd, target, length, 0));
}

bool transport_has_pending(const struct transport *transport)
{
    return transport->ssl != NULL &&
           (SSL_pending(transport->ssl) > 0 || transport->broken ||
            (SSL_get_shutdown(transport->ssl) & SSL_RECEIVED_SHUTDOWN) != 0);
}

/* A position in a row of vectors. */
struct vector_cursor {
    const struct iovec *vectors;
    int count;
    size_t offset; /* in the first vector */
};

static void cursor_advance(struct vector_cursor *cursor, size_t length)
{
    while (cursor->count > 0 && length >= cursor->vectors->iov_len - cursor->offset) {
        length -= cursor->vectors->iov_len - cursor->offset;
        cursor->vectors++;
        cursor->count--;
        cursor->offset = 0;
    }
    cursor->offset += length;
}

/* Copies up to `length` bytes from the cursor, which stays where it is; returns how many. */
static size_t cursor_copy(struct vector_cursor cursor, uint8_t *target, size_t length)
{
    size_t copied = 0;

    while (cursor.count > 0 && copied < length) {
        size_t here = cursor.vectors->iov_len - cursor.offset;
        size_t part = here < length - copied ? here : length - copied;

        memcpy(target + copied, (const uint8_t *)cursor.vectors->iov_base + cursor.offset, part);
        copied += part;
        cursor_advance(&cursor, part);
    }
    return copied;
}

/*
 * The next bytes for one SSL_write, at most `limit`: where they lie if they lie together, else
 * gathered in `record`. Returns how many, 0 at the end.
 */
static size_t cursor_record(struct vector_cursor cursor, size_t limit, uint8_t *record,
                            const uint8_t **bytes)
{
    size_t here = cursor.count > 0 ? cursor.vectors->iov_len - cursor.offset : 0;

    if (here >= limit || cursor.count <= 1) {
        *bytes =
            cursor.count > 0 ? (const uint8_t *)cursor.vectors->iov_base + cursor.offset : NULL;
        return here < limit ? here : limit;
    }
    *bytes = record;
    return cursor_copy(cursor, record, limit);
}

/*
 * A record that the kernel did not take stays with OpenSSL, which wants the very same bytes again:
 * `committed` remembers how many.
 */
static ssize_t tls_write(struct transport *transport, const struct iovec *vectors, int count,
                         uint8_t *record)
{
    struct vector_cursor cursor = {vectors, count, 0};
    size_t total = 0;

    for (;;) {
        size_t limit = transport->committed > 0 ? transport->committed : TLS_RECORD_BYTES;
        const uint8_t *bytes;
        size_t length = cursor_record(cursor, limit, record, &bytes);
        size_t written = 0;
        int result;

        if (length == 0) {
            return (ssize_t)total;
        }
        ERR_clear_error();
        errno = 0;
        result = SSL_write_ex(transport->ssl, bytes, length, &written);
        if (result <= 0) {
            ssize_t failure = tls_failure(transport, result);

            transport->committed = failure == TRANSPORT_AGAIN ? (uint16_t)length : 0;
            return total > 0 && failure != TRANSPORT_FAILED ? (ssize_t)total : failure;
        }
        transport->committed = 0;
        total += written;
        cursor_advance(&cursor, written);
    }
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

ssize_t transport_write(struct transport *transport, const struct iovec *vectors, int count,
                        uint8_t *record)
{
    if (transport->ssl != NULL) {
        return tls_write(transport, vectors, count, record);
    }
    return plain_write(transport, vectors, count);
}

/* The first error in OpenSSL's queue as a sentence. */
static const char *tls_error_text(void)
{
    unsigned long error = ERR_peek_error();
    const char *reason = error != 0 ? ERR_reason_error_string(error) : NULL;

    return reason != NULL ? reason : "the peer went away";
}

static bool is_plain_http(void)
{
    int reason = ERR_GET_REASON(ERR_peek_error());

    return reason == SSL_R_HTTP_REQUEST || reason == SSL_R_HTTPS_PROXY_REQUEST;
}

enum transport_handshake transport_handshake(struct transport *transport, const char **why)
{
    int result;

    ERR_clear_error();
    errno = 0;
    result = SSL_accept(transport->ssl);
    if (result == 1) {
        return TRANSPORT_HANDSHAKE_DONE;
    }
    switch (SSL_get_error(transport->ssl, result)) {
    case SSL_ERROR_WANT_READ:
        return TRANSPORT_HANDSHAKE_WANTS_READ;
    case SSL_ERROR_WANT_WRITE:
        return TRANSPORT_HANDSHAKE_WANTS_WRITE;
    default:
        transport->broken = true;
        *why = tls_error_text();
        return is_plain_http() ? TRANSPORT_HANDSHAKE_PLAIN_HTTP : TRANSPORT_HANDSHAKE_FAILED;
    }
}

void transport_forget_tls(struct transport *transport)
{
    SSL_free(transport->ssl);
    transport->ssl = NULL;
    transport->committed = 0;
}

/*
 * close_notify is sent once and the peer's is not waited for: the Close frames have already said
 * it. SSL_shutdown(3) forbids the call after a fatal error and within a handshake.
 */
void transport_half_close(struct transport *transport)
{
    if (transport->ssl != NULL && !transport->broken && SSL_is_init_finished(transport->ssl)) {
        ERR_clear_error();
        (void)SSL_shutdown(transport->ssl);
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
    SSL_free(transport->ssl);
    transport->ssl = NULL;
}

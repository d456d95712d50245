/*
 * TLS in turns: recv, OpenSSL, send.
 */
#include "net/tls_stream.h"

#include "net/tls_bio.h"

#include <assert.h>
#include <errno.h>
#include <openssl/err.h>
#include <stdlib.h>
#include <string.h>
#include <sys/socket.h>

struct tls_stream *tls_stream_create(struct tls_wire *wire, struct tls_context *context, int fd)
{
    struct tls_stream *stream = calloc(1, sizeof *stream);
    BIO *bio;

    if (stream == NULL) {
        return NULL;
    }
    stream->wire = wire;
    stream->fd = fd;
    stream->ssl = tls_connection_create(context);
    bio = stream->ssl != NULL ? tls_bio_create(stream) : NULL;
    if (bio == NULL) {
        ERR_clear_error();
        tls_stream_free(stream);
        return NULL;
    }
    SSL_set_bio(stream->ssl, bio, bio);
    return stream;
}

void tls_stream_free(struct tls_stream *stream)
{
    if (stream == NULL) {
        return;
    }
    SSL_free(stream->ssl);
    tls_rest_free(stream->wire->pool, &stream->rest);
    free(stream);
}

/* ---- the socket ---- */

static bool is_transient(int error)
{
    return error == EAGAIN || error == EWOULDBLOCK || error == EINTR;
}

static void fail(struct tls_stream *stream, int error)
{
    if (stream->error == 0) {
        stream->error = error;
    }
    ERR_clear_error();
}

/* The one recv of a turn. Returns as transport_read. */
static ssize_t receive(struct tls_stream *stream)
{
    struct tls_wire *wire = stream->wire;
    ssize_t received;

    assert(tls_wire_input_length(wire) == 0);
    received = recv(stream->fd, wire->input, TLS_INPUT_BYTES, 0);
    if (received < 0) {
        if (is_transient(errno)) {
            return TRANSPORT_AGAIN;
        }
        fail(stream, errno);
        return TRANSPORT_FAILED;
    }
    wire->input_start = 0;
    wire->input_end = (size_t)received;
    return received;
}

/* Returns how many bytes the kernel has taken, TRANSPORT_FAILED when it will not take any more. */
static ssize_t give(struct tls_stream *stream, const uint8_t *bytes, size_t length)
{
    ssize_t sent = send(stream->fd, bytes, length, MSG_NOSIGNAL);

    if (sent < 0 && !is_transient(errno)) {
        fail(stream, errno);
        return TRANSPORT_FAILED;
    }
    return sent > 0 ? sent : 0;
}

bool tls_stream_flush(struct tls_stream *stream)
{
    struct tls_wire *wire = stream->wire;
    size_t length = wire->output_length;
    ssize_t sent = 0;
    int error;

    wire->output_length = 0;
    if (stream->error != 0 || length == 0) {
        return stream->error == 0;
    }
    if (tls_rest_length(&stream->rest) == 0) {
        sent = give(stream, wire->output, length);
    }
    if (sent == TRANSPORT_FAILED || (size_t)sent == length) {
        return sent != TRANSPORT_FAILED;
    }
    error = tls_rest_add(wire->pool, &stream->rest, wire->output + sent, length - (size_t)sent);
    if (error != 0) {
        fail(stream, error);
    }
    return error == 0;
}

/* ---- the handshake ---- */

/* The first error in OpenSSL's queue as a sentence. */
static const char *error_text(void)
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

/* What is left of the input is nobody's. */
static enum transport_handshake handshake_failed(struct tls_stream *stream, const char **why)
{
    bool plain_http = is_plain_http();

    tls_wire_clear_input(stream->wire);
    *why = stream->error != 0 ? strerror(stream->error) : error_text();
    fail(stream, EPROTO);
    return plain_http ? TRANSPORT_HANDSHAKE_PLAIN_HTTP : TRANSPORT_HANDSHAKE_FAILED;
}

enum transport_handshake tls_stream_handshake(struct tls_stream *stream, const char **why)
{
    ssize_t received = receive(stream);
    int result;
    bool wants_more;

    if (received == TRANSPORT_AGAIN) {
        return TRANSPORT_HANDSHAKE_WANTS_READ;
    }
    if (received <= 0) {
        return handshake_failed(stream, why);
    }
    result = SSL_accept(stream->ssl);
    wants_more = SSL_get_error(stream->ssl, result) == SSL_ERROR_WANT_READ;
    if (!tls_stream_flush(stream) || (result != 1 && !wants_more)) {
        return handshake_failed(stream, why);
    }
    ERR_clear_error(); /* a ticket that cannot be used leaves errors, but is none */
    return result == 1 ? TRANSPORT_HANDSHAKE_DONE : TRANSPORT_HANDSHAKE_WANTS_READ;
}

/* ---- reading ---- */

static bool peer_has_ended(const struct tls_stream *stream)
{
    return (SSL_get_shutdown(stream->ssl) & SSL_RECEIVED_SHUTDOWN) != 0;
}

static bool has_failed(struct tls_stream *stream, int result)
{
    int error = SSL_get_error(stream->ssl, result);

    return error != SSL_ERROR_WANT_READ && error != SSL_ERROR_ZERO_RETURN;
}

/*
 * Decrypts all of the input, which is empty then; there is room for it. OpenSSL may answer by
 * itself: with new keys, or with an alert when it fails.
 */
static size_t decrypt(struct tls_stream *stream, uint8_t *target, size_t room)
{
    size_t total = 0;
    bool failed = false;
    int result;

    do {
        size_t taken = 0;

        result = SSL_read_ex(stream->ssl, target + total, room - total, &taken);
        failed = result <= 0 && has_failed(stream, result);
        total += taken;
    } while (result > 0 &&
             (tls_wire_input_length(stream->wire) > 0 || SSL_has_pending(stream->ssl)));
    tls_wire_clear_input(stream->wire);
    (void)tls_stream_flush(stream);
    if (failed) {
        fail(stream, EPROTO);
    }
    return total;
}

/* What a read without bytes means. */
static ssize_t outcome(const struct tls_stream *stream)
{
    if (stream->error != 0) {
        errno = stream->error;
        return TRANSPORT_FAILED;
    }
    return peer_has_ended(stream) ? 0 : TRANSPORT_AGAIN;
}

ssize_t tls_stream_read(struct tls_stream *stream, uint8_t *target, size_t length)
{
    size_t total;

    assert(length >= TLS_INPUT_BYTES + TLS_RECORD_BYTES);
    if (stream->error != 0 || peer_has_ended(stream)) {
        return outcome(stream);
    }
    if (tls_wire_input_length(stream->wire) == 0) { /* else it came with the handshake's end */
        ssize_t received = receive(stream);

        if (received <= 0) {
            return received;
        }
    }
    total = decrypt(stream, target, length);
    return total > 0 ? (ssize_t)total : outcome(stream);
}

bool tls_stream_has_pending(const struct tls_stream *stream)
{
    return tls_wire_input_length(stream->wire) > 0 || stream->error != 0 || peer_has_ended(stream);
}

/* ---- writing ---- */

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
 * The plaintext of the next record: where it lies if it lies together, else gathered in `record`.
 * Returns its length, 0 at the end.
 */
static size_t cursor_record(struct vector_cursor cursor, uint8_t *record, const uint8_t **bytes)
{
    size_t here = cursor.count > 0 ? cursor.vectors->iov_len - cursor.offset : 0;

    if (here >= TLS_RECORD_BYTES || cursor.count <= 1) {
        *bytes =
            cursor.count > 0 ? (const uint8_t *)cursor.vectors->iov_base + cursor.offset : NULL;
        return here < TLS_RECORD_BYTES ? here : TLS_RECORD_BYTES;
    }
    *bytes = record;
    return cursor_copy(cursor, record, TLS_RECORD_BYTES);
}

/* Makes records into the output buffer, full ones but for the last. Returns how many bytes are in
 * them; less than there are also when TLS fails. */
static size_t encrypt_batch(struct tls_stream *stream, struct vector_cursor *cursor)
{
    size_t total = 0;

    for (int i = 0; i < TLS_BATCH_RECORDS; i++) {
        const uint8_t *bytes;
        size_t length = cursor_record(*cursor, stream->wire->record, &bytes);
        size_t written = 0;

        if (length == 0) {
            break;
        }
        /* A peer that has sent only a part of a handshake message (new keys in two records) fails
         * here: OpenSSL does not write before it has the rest, and nobody sends it like that. */
        if (SSL_write_ex(stream->ssl, bytes, length, &written) <= 0) {
            fail(stream, EPROTO);
            break;
        }
        total += written;
        cursor_advance(cursor, written);
    }
    return total;
}

/* In one call, so that a peer that takes a long message as fast as it is encrypted does not keep
 * the thread from all others. */
enum { BATCHES_MAX = 3 };

/* Returns 0 when the kernel takes some of the rest or all, or when there is none; else as
 * transport_write. */
static ssize_t send_rest(struct tls_stream *stream)
{
    size_t length = tls_rest_length(&stream->rest);
    ssize_t sent;

    if (length == 0) {
        return 0;
    }
    sent = give(stream, stream->rest.bytes + stream->rest.start, length);
    if (sent <= 0) {
        return sent == 0 ? TRANSPORT_AGAIN : sent;
    }
    tls_rest_sent(stream->wire->pool, &stream->rest, (size_t)sent);
    return 0;
}

ssize_t tls_stream_write(struct tls_stream *stream, const struct iovec *vectors, int count)
{
    struct vector_cursor cursor = {vectors, count, 0};
    ssize_t result = stream->error == 0 ? send_rest(stream) : TRANSPORT_FAILED;
    size_t total = 0;

    for (int i = 0;
         i < BATCHES_MAX && result == 0 && cursor.count > 0 && tls_rest_length(&stream->rest) == 0;
         i++) {
        total += encrypt_batch(stream, &cursor);
        if (!tls_stream_flush(stream)) {
            result = TRANSPORT_FAILED;
        }
    }
    if (result == TRANSPORT_FAILED) {
        errno = stream->error;
    }
    return result == 0 ? (ssize_t)total : result;
}

/*
 * The peer's close_notify is not waited for: the Close frames have already said it. SSL_shutdown(3)
 * forbids the call after a fatal error and within a handshake.
 */
void tls_stream_end(struct tls_stream *stream)
{
    if (stream->error != 0 || !SSL_is_init_finished(stream->ssl)) {
        return;
    }
    (void)SSL_shutdown(stream->ssl);
    ERR_clear_error();
    (void)tls_stream_flush(stream);
    tls_rest_free(stream->wire->pool, &stream->rest);
}

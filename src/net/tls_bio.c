/*
 * A BIO on the buffers of a thread. Reading takes what has been received and then asks to be called
 * again; writing never has to wait.
 */
#include "net/tls_bio.h"

#include "net/tls_stream.h"
#include "net/tls_wire.h"

#include <assert.h>
#include <string.h>

static int read_input(BIO *bio, char *target, size_t room, size_t *length)
{
    const struct tls_stream *stream = BIO_get_data(bio);
    struct tls_wire *wire = stream->wire;
    size_t available = tls_wire_input_length(wire);

    BIO_clear_retry_flags(bio);
    *length = available < room ? available : room;
    if (*length == 0) {
        BIO_set_retry_read(bio);
        return 0;
    }
    memcpy(target, wire->input + wire->input_start, *length);
    wire->input_start += *length;
    return 1;
}

/* The buffer has room for what one write of ours makes; a handshake can be longer. */
static int write_output(BIO *bio, const char *bytes, size_t length, size_t *written)
{
    struct tls_stream *stream = BIO_get_data(bio);
    struct tls_wire *wire = stream->wire;

    assert(length <= TLS_OUTPUT_BYTES);
    BIO_clear_retry_flags(bio);
    if (length > TLS_OUTPUT_BYTES - wire->output_length && !tls_stream_flush(stream)) {
        return 0;
    }
    memcpy(wire->output + wire->output_length, bytes, length);
    wire->output_length += length;
    *written = length;
    return 1;
}

/* Who calls OpenSSL flushes when it returns, so that there is one send. */
static long control(BIO *bio, int command, long number, void *pointer)
{
    (void)bio;
    (void)number;
    (void)pointer;
    return command == BIO_CTRL_FLUSH;
}

BIO_METHOD *tls_bio_method_create(void)
{
    BIO_METHOD *method = BIO_meth_new(BIO_TYPE_SOURCE_SINK, "buffers of a thread");

    if (method != NULL) {
        BIO_meth_set_read_ex(method, read_input);
        BIO_meth_set_write_ex(method, write_output);
        BIO_meth_set_ctrl(method, control);
    }
    return method;
}

BIO *tls_bio_create(struct tls_stream *stream)
{
    BIO *bio = BIO_new(stream->wire->method);

    if (bio != NULL) {
        BIO_set_data(bio, stream);
        BIO_set_init(bio, 1);
    }
    return bio;
}

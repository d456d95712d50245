/*
 * The buffers of a thread's TLS connections.
 */
#include "net/tls_wire.h"

#include "net/tls_bio.h"

#include <stdlib.h>

bool tls_wire_init(struct tls_wire *wire, struct pool *pool)
{
    *wire = (struct tls_wire){
        .method = tls_bio_method_create(),
        .pool = pool,
        .input = malloc(TLS_INPUT_BYTES),
        .output = malloc(TLS_OUTPUT_BYTES),
        .record = malloc(TLS_RECORD_BYTES),
    };
    return wire->method != NULL && wire->input != NULL && wire->output != NULL &&
           wire->record != NULL;
}

void tls_wire_free(struct tls_wire *wire)
{
    BIO_meth_free(wire->method);
    free(wire->input);
    free(wire->output);
    free(wire->record);
}

/*
 * Building the ring of messages.
 */
#include "bench/batch.h"

#include "bench/chance.h"
#include "bench/deflate.h"
#include "bench/frames.h"
#include "bench/payload.h"
#include "protocol/frame.h"
#include "protocol/payload.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
    RING_BYTES = 16 * 1024,          /* so much goes round where the sizes are all one */
    RING_MESSAGES_MAX = 16,          /* and at most so many; more show no more */
    VARIED_BYTES = 64 * 1024 * 1024, /* where the sizes differ, so much goes round */
    VARIED_MESSAGES_MAX = 8192,      /* and at most so many messages */
    MASK_BYTES = 4,
};

static void *allocate(size_t count, size_t size)
{
    void *memory = calloc(count, size);

    if (memory == NULL) {
        err(1, "%zu messages", count);
    }
    return memory;
}

static void strip_init(struct strip *strip, size_t count, size_t bytes)
{
    strip->at = allocate(count + 1, sizeof *strip->at);
    strip->bytes = allocate(bytes + 1, 1);
}

static void strip_free(struct strip *strip)
{
    free(strip->at);
    free(strip->bytes);
}

static size_t ring_messages(const struct batch_plan *plan)
{
    bool varied = !sizes_are_one(&plan->sizes);
    size_t bytes = varied ? VARIED_BYTES : RING_BYTES;
    size_t most = varied ? VARIED_MESSAGES_MAX : RING_MESSAGES_MAX;
    size_t room = bytes / ((size_t)sizes_mean(&plan->sizes) + FRAME_CLIENT_HEADER_MAX);
    size_t wanted = room < most ? room : most;
    size_t least = plan->rounds * plan->together;

    return wanted <= least ? least : wanted - wanted % plan->together;
}

/* Appends a frame to a strip, masked with `key` or (NULL) as it is. */
static void add_frame(struct strip *strip, size_t index, uint8_t first_byte, const uint8_t *payload,
                      size_t length, const uint8_t *key)
{
    uint8_t *start = strip->bytes + strip->at[index];
    uint8_t *at = start + frame_write_header(start, first_byte, length);

    if (key != NULL) {
        start[1] |= FRAME_MASKED;
        memcpy(at, key, MASK_BYTES);
        at += MASK_BYTES;
        payload_kernel->unmask(at, payload, length, key);
    } else {
        memcpy(at, payload, length);
    }
    strip->at[index + 1] = (size_t)(at + length - strip->bytes);
}

static void add_message(struct batch *batch, const struct batch_plan *plan, size_t index,
                        uint64_t *seed)
{
    uint8_t *payload = batch->payloads.bytes + batch->payloads.at[index];
    size_t length = strip_length(&batch->payloads, index);
    uint64_t key = chance_next(seed);

    payload_fill(payload + plan->reserved, length - plan->reserved, index, plan->text);
    add_frame(&batch->wire, index, FRAME_FIN | batch->opcode, payload, length,
              (const uint8_t *)&key);
    add_frame(&batch->reply, index, FRAME_FIN | batch->opcode, payload, length,
              plan->raw ? (const uint8_t *)&key : NULL);
}

/* The same messages compressed. */
static void add_deflated(struct batch *batch)
{
    struct deflater *deflater = deflater_create();
    uint64_t seed = 1;
    size_t bytes = 0;
    size_t most = 0;
    uint8_t *compressed;

    for (size_t i = 0; i < batch->count; i++) {
        size_t bound = deflater_bound(strip_length(&batch->payloads, i));

        bytes += bound + FRAME_CLIENT_HEADER_MAX;
        most = bound > most ? bound : most;
    }
    strip_init(&batch->deflated, batch->count, bytes);
    compressed = allocate(most + 1, 1);
    for (size_t i = 0; i < batch->count; i++) {
        const uint8_t *payload = batch->payloads.bytes + batch->payloads.at[i];
        size_t length =
            deflater_message(deflater, payload, strip_length(&batch->payloads, i), compressed);
        uint64_t key = chance_next(&seed);

        add_frame(&batch->deflated, i, FRAME_FIN | FRAME_RSV1 | batch->opcode, compressed, length,
                  (const uint8_t *)&key);
    }
    free(compressed);
    deflater_free(deflater);
}

/* Draws all sizes; returns their sum. */
static size_t draw_sizes(struct batch *batch, const struct batch_plan *plan, uint64_t *seed)
{
    size_t *at = batch->payloads.at;

    sizes_draw(&plan->sizes, seed, at + 1, batch->count);
    for (size_t i = 0; i < batch->count; i++) {
        batch->longest_bytes = at[i + 1] > batch->longest_bytes ? at[i + 1] : batch->longest_bytes;
        at[i + 1] += at[i];
    }
    return at[batch->count];
}

struct batch *batch_create(const struct batch_plan *plan)
{
    struct batch *batch = allocate(1, sizeof *batch);
    uint64_t seed = 1;
    size_t headers;
    size_t bytes;

    batch->count = ring_messages(plan);
    batch->opcode = plan->text ? OPCODE_TEXT : OPCODE_BINARY;
    batch->payloads.at = allocate(batch->count + 1, sizeof *batch->payloads.at);
    bytes = draw_sizes(batch, plan, &seed);
    headers = batch->count * FRAME_CLIENT_HEADER_MAX;
    batch->payloads.bytes = allocate(bytes + 1, 1);
    strip_init(&batch->wire, batch->count, bytes + headers);
    strip_init(&batch->reply, batch->count, bytes + headers);
    batch->mean_bytes = (double)bytes / (double)batch->count;
    for (size_t i = 0; i < batch->count; i++) {
        add_message(batch, plan, i, &seed);
    }
    if (plan->deflates) {
        add_deflated(batch);
    }
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch != NULL) {
        strip_free(&batch->payloads);
        strip_free(&batch->wire);
        strip_free(&batch->deflated);
        strip_free(&batch->reply);
        free(batch);
    }
}

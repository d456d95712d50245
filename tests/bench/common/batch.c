/*
 * Messages to send and the check of their echo. It is written apart from the server's codec,
 * so that neither covers up a mistake of the other.
 */
#include "batch.h"

#include <err.h>
#include <stdlib.h>
#include <string.h>

enum {
    HEADER_MAX = 14,
    FIN = 0x80,
    MASKED = 0x80,
    RSV_BITS = 0x70,
    OPCODE_BITS = 0x0f,
    OPCODE_CONTINUES = 0x0,
    OPCODE_CLOSE = 0x8,
};

static const uint8_t kind_opcodes[] = {
    [BATCH_RAW] = 0x2,
    [BATCH_BINARY] = 0x2,
    [BATCH_TEXT] = 0x1,
};

static const uint8_t mask_key[4] = {0x9d, 0x27, 0xe4, 0x5b};

static void fill_binary(uint8_t *payload, size_t length, size_t index)
{
    for (size_t i = 0; i < length; i++) {
        payload[i] = (uint8_t)(index * 131 + i * 7 + (i >> 8));
    }
}

/* Characters of all lengths in turn, another one first in each message; points fill the end. */
static void fill_text(uint8_t *payload, size_t length, size_t index)
{
    static const char *const characters[] = {"a", "Grüße ", "世", "é", "b c", "🌍", "界", ", "};
    size_t turn = index;
    size_t at = 0;

    for (;;) {
        const char *next = characters[turn++ % (sizeof(characters) / sizeof(characters[0]))];
        size_t size = strlen(next);

        if (size > length - at) {
            break;
        }
        memcpy(payload + at, next, size);
        at += size;
    }
    memset(payload + at, '.', length - at);
}

static size_t write_header(uint8_t *target, uint8_t opcode, uint64_t length)
{
    unsigned length_bytes = length <= 125 ? 0 : length <= 65535 ? 2 : 8;
    uint8_t *at = target;

    *at++ = FIN | opcode;
    *at++ = (uint8_t)(MASKED | (length_bytes == 0 ? length : length_bytes == 2 ? 126U : 127U));
    while (length_bytes > 0) {
        *at++ = (uint8_t)(length >> 8 * --length_bytes);
    }
    memcpy(at, mask_key, sizeof(mask_key));
    return (size_t)(at - target) + sizeof(mask_key);
}

static void add_message(struct batch *batch, size_t index)
{
    uint8_t *payload = batch->payloads + index * batch->payload_bytes;
    uint8_t *at = batch->wire + batch->wire_bytes;
    size_t header = write_header(at, kind_opcodes[batch->kind], batch->payload_bytes);

    if (batch->kind == BATCH_TEXT) {
        fill_text(payload, batch->payload_bytes, index);
    } else {
        fill_binary(payload, batch->payload_bytes, index);
    }
    for (size_t i = 0; i < batch->payload_bytes; i++) {
        at[header + i] = payload[i] ^ mask_key[i % 4];
    }
    batch->wire_bytes += header + batch->payload_bytes;
}

struct batch *batch_create(enum batch_kind kind, size_t count, size_t payload_bytes, bool verify)
{
    struct batch *batch = calloc(1, sizeof(*batch));

    if (batch == NULL) {
        err(1, "messages");
    }
    batch->kind = kind;
    batch->verify = verify;
    batch->count = count;
    batch->payload_bytes = payload_bytes;
    batch->payloads = calloc(count, payload_bytes + 1);
    batch->wire = calloc(count, payload_bytes + HEADER_MAX);
    if (batch->payloads == NULL || batch->wire == NULL) {
        err(1, "%zu messages of %zu bytes", count, payload_bytes);
    }
    for (size_t i = 0; i < count; i++) {
        add_message(batch, i);
    }
    return batch;
}

void batch_free(struct batch *batch)
{
    if (batch != NULL) {
        free(batch->payloads);
        free(batch->wire);
        free(batch);
    }
}

static void compare(const struct batch *batch, const uint8_t *bytes, const uint8_t *expected,
                    size_t length)
{
    if (batch->verify && memcmp(bytes, expected, length) != 0) {
        errx(1, "the echo has other bytes than the message");
    }
}

static bool check_raw(const struct batch *batch, struct batch_reply *reply, const uint8_t *bytes,
                      size_t length)
{
    if (length > batch->wire_bytes - reply->message_bytes) {
        errx(1, "more bytes came back than were sent");
    }
    compare(batch, bytes, batch->wire + reply->message_bytes, length);
    reply->message_bytes += length;
    return reply->message_bytes == batch->wire_bytes;
}

/* The size of a server's header, given its first two bytes. */
static size_t header_size(const uint8_t *header)
{
    return header[1] == 127 ? 10 : header[1] == 126 ? 4 : 2;
}

static uint64_t header_length(const uint8_t *header)
{
    size_t size = header_size(header);
    uint64_t length = size == 2 ? header[1] : 0;

    for (size_t i = 2; i < size; i++) {
        length = length << 8 | header[i];
    }
    return length;
}

/* Tells why the server closed, as far as its Close frame has come. */
static _Noreturn void fail_closed(const uint8_t *body, size_t length)
{
    unsigned code = length >= 2 ? (unsigned)(body[0] << 8 | body[1]) : 0;
    int reason_bytes = length > 2 ? (int)(length - 2) : 0;

    errx(1, "the server sent Close %u %.*s", code, reason_bytes, (const char *)body + 2);
}

/*
 * A frame of the echo starts: first bytes and length must be those of the next message. `rest`
 * is what came behind the header.
 */
static void check_header(const struct batch *batch, struct batch_reply *reply, const uint8_t *rest,
                         size_t rest_bytes)
{
    uint8_t first = reply->header[0];
    uint8_t expected = reply->in_message ? OPCODE_CONTINUES : kind_opcodes[batch->kind];
    size_t missing = batch->payload_bytes - reply->message_bytes;

    reply->frame_left = header_length(reply->header);
    if ((first & OPCODE_BITS) == OPCODE_CLOSE) {
        fail_closed(rest, rest_bytes);
    }
    if ((first & (RSV_BITS | OPCODE_BITS)) != expected || (reply->header[1] & MASKED) != 0) {
        errx(1, "a frame that is no echo came back, it begins with %02x %02x", first,
             reply->header[1]);
    }
    if (reply->messages == batch->count) {
        errx(1, "more messages came back than were sent");
    }
    if (reply->frame_left > missing || ((first & FIN) != 0 && reply->frame_left != missing)) {
        errx(1, "a frame of %ju bytes came back where %zu were missing of message %zu of %zu",
             (uintmax_t)reply->frame_left, missing, reply->messages + 1, batch->count);
    }
    reply->in_frame = true;
    reply->in_message = true;
}

/* Collects a header; returns how many bytes it took. */
static size_t take_header(const struct batch *batch, struct batch_reply *reply,
                          const uint8_t *bytes, size_t length)
{
    size_t taken = 0;

    while (taken < length) {
        reply->header[reply->header_bytes++] = bytes[taken++];
        if (reply->header_bytes >= 2 && reply->header_bytes == header_size(reply->header)) {
            check_header(batch, reply, bytes + taken, length - taken);
            break;
        }
    }
    return taken;
}

static size_t take_payload(const struct batch *batch, struct batch_reply *reply,
                           const uint8_t *bytes, size_t length)
{
    size_t taken = length < reply->frame_left ? length : (size_t)reply->frame_left;
    size_t offset = reply->messages * batch->payload_bytes + reply->message_bytes;

    compare(batch, bytes, batch->payloads + offset, taken);
    reply->message_bytes += taken;
    reply->frame_left -= taken;
    return taken;
}

static void finish_frame(struct batch_reply *reply)
{
    bool last = (reply->header[0] & FIN) != 0;

    reply->header_bytes = 0;
    reply->in_frame = false;
    if (last) {
        reply->in_message = false;
        reply->message_bytes = 0;
        reply->messages++;
    }
}

bool batch_check(const struct batch *batch, struct batch_reply *reply, const uint8_t *bytes,
                 size_t length)
{
    const uint8_t *end = bytes + length;

    if (batch->kind == BATCH_RAW) {
        return check_raw(batch, reply, bytes, length);
    }
    while (bytes < end) {
        if (!reply->in_frame) {
            bytes += take_header(batch, reply, bytes, (size_t)(end - bytes));
        }
        if (reply->in_frame) {
            bytes += take_payload(batch, reply, bytes, (size_t)(end - bytes));
        }
        if (reply->in_frame && reply->frame_left == 0) {
            finish_frame(reply);
        }
    }
    return reply->messages == batch->count;
}

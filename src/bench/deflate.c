/*
 * zlib's raw streams.
 */
#include "bench/deflate.h"

#include <err.h>
#include <stdlib.h>
#include <zlib.h>

enum {
    WINDOW_BITS = 15,
    MEMORY_LEVEL = 8,
    TAIL_BYTES = 4, /* that end every flush and are left out: RFC 7692 section 7.2.1 */
    SLACK_BYTES = 16,
};

static const uint8_t tail[TAIL_BYTES] = {0x00, 0x00, 0xff, 0xff};

/* ---- negotiating ---- */

/* Takes what is in front of the next `;`, without blanks around it. */
static struct slice next_part(struct slice *rest)
{
    const char *end = memchr(rest->data, ';', rest->length);
    size_t length = end != NULL ? (size_t)(end - rest->data) : rest->length;
    struct slice part = {rest->data, length};

    length += end != NULL;
    *rest = (struct slice){rest->data + length, rest->length - length};
    return slice_trim(part);
}

/* A window that zlib's largest one can read: all that there are. */
static bool is_server_window(struct slice part)
{
    static const struct slice name = {"server_max_window_bits=", 23};
    struct slice bits = {part.data + name.length, part.length - name.length};

    return part.length > name.length &&
           slice_equal_nocase((struct slice){part.data, name.length}, name) && bits.length <= 2 &&
           bits.data[0] >= '1' && bits.data[0] <= '9' &&
           (bits.length == 1 ? bits.data[0] >= '8'
                             : bits.data[0] == '1' && bits.data[1] >= '0' && bits.data[1] <= '5');
}

const char *deflate_read_answer(struct slice answer, bool *keeps_context)
{
    *keeps_context = true;
    if (!slice_equal_nocase(next_part(&answer), SLICE(DEFLATE_OFFER))) {
        return "its Sec-WebSocket-Extensions were not offered";
    }
    while (answer.length > 0) {
        struct slice part = next_part(&answer);

        if (slice_equal_nocase(part, SLICE("server_no_context_takeover"))) {
            *keeps_context = false;
        } else if (!slice_equal_nocase(part, SLICE("client_no_context_takeover")) &&
                   !is_server_window(part)) {
            return "its permessage-deflate has a parameter that was not offered";
        }
    }
    return NULL;
}

/* ---- compressing ---- */

struct deflater {
    z_stream stream;
};

struct deflater *deflater_create(void)
{
    struct deflater *deflater = calloc(1, sizeof *deflater);

    if (deflater == NULL || deflateInit2(&deflater->stream, Z_DEFAULT_COMPRESSION, Z_DEFLATED,
                                         -WINDOW_BITS, MEMORY_LEVEL, Z_DEFAULT_STRATEGY) != Z_OK) {
        errx(1, "memory is short for compression");
    }
    return deflater;
}

void deflater_free(struct deflater *deflater)
{
    if (deflater != NULL) {
        deflateEnd(&deflater->stream);
        free(deflater);
    }
}

size_t deflater_bound(size_t length)
{
    return compressBound(length) + SLACK_BYTES;
}

size_t deflater_message(struct deflater *deflater, const uint8_t *payload, size_t length,
                        uint8_t *target)
{
    z_stream *stream = &deflater->stream;
    union {
        const uint8_t *constant;
        uint8_t *variable;
    } input = {.constant = payload};

    deflateReset(stream);
    stream->next_in = input.variable;
    stream->avail_in = (uInt)length;
    stream->next_out = target;
    stream->avail_out = (uInt)deflater_bound(length);
    if (deflate(stream, Z_SYNC_FLUSH) != Z_OK || stream->avail_out == 0) {
        errx(1, "a message of %zu bytes cannot be compressed", length);
    }
    return (size_t)(stream->next_out - target) - TAIL_BYTES;
}

/* ---- decompressing ---- */

struct inflater {
    z_stream stream;
    bool keeps_context;
    bool ends;       /* the message, with what was fed */
    bool tail_waits; /* for what was fed to be used up */
};

struct inflater *inflater_create(bool keeps_context)
{
    struct inflater *inflater = calloc(1, sizeof *inflater);

    if (inflater == NULL || inflateInit2(&inflater->stream, -WINDOW_BITS) != Z_OK) {
        free(inflater);
        return NULL;
    }
    inflater->keeps_context = keeps_context;
    return inflater;
}

void inflater_free(struct inflater *inflater)
{
    if (inflater != NULL) {
        inflateEnd(&inflater->stream);
        free(inflater);
    }
}

static void set_input(struct inflater *inflater, const uint8_t *bytes, size_t length)
{
    union {
        const uint8_t *constant;
        uint8_t *variable;
    } input = {.constant = bytes};

    inflater->stream.next_in = input.variable;
    inflater->stream.avail_in = (uInt)length;
}

void inflater_feed(struct inflater *inflater, const uint8_t *bytes, size_t length, bool ends)
{
    set_input(inflater, bytes, length);
    inflater->ends = ends;
    inflater->tail_waits = ends;
}

static enum inflate_event finish(struct inflater *inflater)
{
    if (inflater->ends && !inflater->keeps_context) {
        inflateReset(&inflater->stream);
    }
    return INFLATE_DONE;
}

enum inflate_event inflater_next(struct inflater *inflater, uint8_t *target, size_t room,
                                 size_t *length)
{
    z_stream *stream = &inflater->stream;

    stream->next_out = target;
    stream->avail_out = (uInt)room;
    for (;;) {
        int result = inflate(stream, Z_SYNC_FLUSH);

        *length = room - stream->avail_out;
        if (result == Z_STREAM_END) {
            /* RFC 7692 section 7.2.3.4: a final block, behind which another stream begins. */
            inflateReset(stream);
        } else if (result != Z_OK && result != Z_BUF_ERROR) {
            return INFLATE_BROKEN;
        }
        if (*length > 0) {
            return INFLATE_DATA;
        }
        if (stream->avail_in == 0 && inflater->tail_waits) {
            inflater->tail_waits = false;
            set_input(inflater, tail, sizeof tail);
        } else if (stream->avail_in == 0) {
            return finish(inflater);
        }
    }
}

/*
 * One outbox under test.
 */
#include "outbox_fixture.h"

#include <check.h>
#include <string.h>

struct pool outbox_pool;
struct outbox *outbox;
struct stream outbox_sent_bytes;
struct stream outbox_expected;

static void clear(void)
{
    outbox_sent_bytes.length = 0;
    outbox_expected.length = 0;
    outbox = outbox_create(&outbox_pool);
    ck_assert_ptr_nonnull(outbox);
}

void outbox_fixture_start(void)
{
    pool_init(&outbox_pool);
    clear();
}

void outbox_fixture_stop(void)
{
    outbox_free(&outbox_pool, outbox);
    pool_destroy(&outbox_pool);
}

void begin_anew(void)
{
    outbox_free(&outbox_pool, outbox);
    clear();
}

static void fill(uint8_t *payload, size_t payload_bytes, unsigned number)
{
    for (size_t i = 0; i < payload_bytes; i++) {
        payload[i] = (uint8_t)(number * 41 + i * 7);
    }
}

size_t make_frame(uint8_t *target, uint8_t first_byte, size_t payload_bytes, unsigned number)
{
    size_t header_bytes = frame_write_header(target, first_byte, payload_bytes);

    fill(target + header_bytes, payload_bytes, number);
    return header_bytes + payload_bytes;
}

void stream_add(struct stream *stream, uint8_t first_byte, size_t payload_bytes, unsigned number)
{
    ck_assert_uint_le(payload_bytes + FRAME_SERVER_HEADER_MAX, STREAM_MAX_BYTES - stream->length);
    stream->length += make_frame(stream->bytes + stream->length, first_byte, payload_bytes, number);
}

struct parcel *make_parcel(uint8_t first_byte, size_t payload_bytes, unsigned number)
{
    struct message *message = message_create(&outbox_pool, payload_bytes);
    struct parcel *parcel;

    ck_assert_ptr_nonnull(message);
    fill(message_payload(message), payload_bytes, number);
    message_frame(message, first_byte, payload_bytes);
    parcel = parcel_create(&outbox_pool, message);
    ck_assert_ptr_nonnull(parcel);
    return parcel;
}

static void add_message(size_t payload_bytes, unsigned number,
                        bool (*add)(struct pool *, struct outbox *, struct parcel *))
{
    struct parcel *parcel = make_parcel(FRAME_FIN | OPCODE_BINARY, payload_bytes, number);

    ck_assert(add(&outbox_pool, outbox, parcel));
    parcel_release(&outbox_pool, parcel);
}

void append_message(size_t payload_bytes, unsigned number)
{
    add_message(payload_bytes, number, outbox_append);
}

void hold_message(size_t payload_bytes, unsigned number)
{
    add_message(payload_bytes, number, outbox_hold);
}

void insert_control(enum opcode opcode, size_t payload_bytes, unsigned number)
{
    uint8_t frame[FRAME_SERVER_HEADER_MAX + FRAME_CONTROL_MAX_BYTES];
    size_t length = make_frame(frame, (uint8_t)(FRAME_FIN | opcode), payload_bytes, number);

    ck_assert(outbox_insert_control(&outbox_pool, outbox, frame, length, opcode == OPCODE_PONG));
}

static const size_t mixed_sizes[MIXED_COUNT] = {30, 10, 0, 126, 20, OUTBOX_COPY_BYTES, 5, 15};
size_t mixed_starts[MIXED_COUNT + 1];

void append_mixed(void)
{
    for (unsigned i = 0; i < MIXED_COUNT; i++) {
        append_message(mixed_sizes[i], i);
        mixed_starts[i + 1] = mixed_starts[i] + frame_header_size(mixed_sizes[i]) + mixed_sizes[i];
    }
    check_outbox();
    ck_assert_uint_eq(outbox->bytes, mixed_starts[MIXED_COUNT]);
}

void expect_mixed(unsigned from, unsigned to)
{
    for (unsigned i = from; i < to; i++) {
        stream_add(&outbox_expected, FRAME_FIN | OPCODE_BINARY, mixed_sizes[i], i);
    }
}

unsigned mixed_begun(size_t bytes)
{
    unsigned begun = 0;

    while (mixed_starts[begun] < bytes) {
        begun++;
    }
    return begun;
}

size_t mixed_next_position(size_t position)
{
    return position > 220 && position < 1200 ? position + 97 : position + 1;
}

/* What a kernel with room for `room` bytes takes of one system call. */
static size_t take_once(size_t room)
{
    struct iovec vectors[OUTBOX_VECTORS_MAX];
    int count = outbox_vectors(outbox, vectors);
    size_t taken = 0;

    ck_assert_int_ge(count, 0);
    ck_assert_int_le(count, OUTBOX_VECTORS_MAX);
    for (int i = 0; i < count && taken < room; i++) {
        size_t part = vectors[i].iov_len < room - taken ? vectors[i].iov_len : room - taken;

        ck_assert_uint_le(part, STREAM_MAX_BYTES - outbox_sent_bytes.length);
        memcpy(outbox_sent_bytes.bytes + outbox_sent_bytes.length, vectors[i].iov_base, part);
        outbox_sent_bytes.length += part;
        taken += part;
    }
    outbox_sent(&outbox_pool, outbox, taken);
    check_outbox();
    return taken;
}

size_t take_bytes(size_t length)
{
    size_t taken = 0;
    size_t part;

    while (taken < length && (part = take_once(length - taken)) > 0) {
        taken += part;
    }
    return taken;
}

void take_all(void)
{
    take_bytes(SIZE_MAX);
    ck_assert_ptr_null(outbox->ready.first);
}

/* An entry's slice is in its message, not empty, and cut at frame boundaries unless it is opaque;
 * only the first of what is ready may have been sent in part. */
static void check_entry(const struct outbox_entry *entry, bool may_be_begun)
{
    const struct message *message = entry->parcel->message;
    const uint8_t *frames = message_wire(message);

    ck_assert_uint_ge(entry->parcel->references, 1);
    ck_assert_uint_lt(entry->offset, entry->end);
    ck_assert_uint_le(entry->end, message->length);
    if (entry->opaque) {
        return;
    }
    ck_assert_uint_eq(frame_boundary(frames, message->length, entry->end), entry->end);
    if (!may_be_begun) {
        ck_assert_uint_eq(frame_boundary(frames, message->length, entry->offset), entry->offset);
    }
}

/* Returns the bytes of a list. */
static size_t check_list(const struct outbox_list *list, bool first_may_be_begun)
{
    size_t bytes = 0;

    for (const struct outbox_entry *entry = list->first; entry != NULL; entry = entry->next) {
        check_entry(entry, first_may_be_begun && entry == list->first);
        bytes += entry->end - entry->offset;
        if (entry->next == NULL) {
            ck_assert_ptr_eq(list->last, entry);
        }
    }
    return bytes;
}

static void check_pong(void)
{
    const struct outbox_entry *entry = outbox->ready.first;

    while (entry != NULL && entry != outbox->pong) {
        entry = entry->next;
    }
    ck_assert_msg(entry == outbox->pong, "the waiting Pong is not among what waits");
    if (entry != NULL) {
        ck_assert_uint_eq(entry->offset, 0);
        ck_assert_uint_eq(*message_wire(entry->parcel->message), FRAME_FIN | OPCODE_PONG);
    }
}

void check_outbox(void)
{
    size_t bytes = check_list(&outbox->ready, true) + check_list(&outbox->held, false);

    ck_assert_uint_eq(outbox->bytes, bytes);
    ck_assert_int_eq(outbox_empty(outbox), bytes == 0);
    check_pong();
}

void check_sent(void)
{
    ck_assert_uint_eq(outbox_sent_bytes.length, outbox_expected.length);
    ck_assert_mem_eq(outbox_sent_bytes.bytes, outbox_expected.bytes, outbox_expected.length);
}

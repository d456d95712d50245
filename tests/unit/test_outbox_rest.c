/*
 * What one write has left over, put at the head of the queue.
 */
#include "outbox_fixture.h"
#include "suite.h"

#include <string.h>

enum {
    DATA = FRAME_FIN | OPCODE_BINARY,
    PING = FRAME_FIN | OPCODE_PING,
    PONG = FRAME_FIN | OPCODE_PONG
};

/* What a callback gathered: messages, and Pongs among them. */
static const struct {
    uint8_t first_byte;
    size_t payload_bytes;
} gathered[] = {
    {DATA, 10},  {PONG, 3}, {DATA, 0}, {PONG, 4}, {PONG, 0},
    {DATA, 300}, {PING, 2}, {PONG, 7}, {DATA, 6},
};
enum { GATHERED_COUNT = sizeof gathered / sizeof *gathered };

/* Writes them to a stream; starts[i] is where each begins, the last of them the end. */
static void gather(struct stream *stream, size_t starts[GATHERED_COUNT + 1])
{
    stream->length = 0;
    for (unsigned i = 0; i < GATHERED_COUNT; i++) {
        starts[i] = stream->length;
        stream_add(stream, gathered[i].first_byte, gathered[i].payload_bytes, i);
    }
    starts[GATHERED_COUNT] = stream->length;
}

/* A stream without the Pongs that begin at `from` or later, and what they were. */
struct without_pongs {
    struct stream rest;
    size_t pongs;
    const uint8_t *last_pong;
    size_t last_pong_bytes;
};

static void strip_pongs(struct without_pongs *result, const struct stream *stream, size_t from)
{
    size_t length;

    result->rest.length = 0;
    result->pongs = 0;
    result->last_pong_bytes = 0;
    for (size_t at = 0; at < stream->length; at += length) {
        const uint8_t *frame = stream->bytes + at;

        length = frame_boundary(frame, stream->length - at, 1);
        ck_assert_uint_le(length, stream->length - at);
        if (at >= from && frame[0] == PONG) {
            result->pongs++;
            result->last_pong = frame;
            result->last_pong_bytes = length;
        } else {
            memcpy(result->rest.bytes + result->rest.length, frame, length);
            result->rest.length += length;
        }
    }
}

/* Fails unless nothing was lost or reordered of what was gathered but Pongs before the last. */
static void check_rest_kept(const struct stream *written, size_t fixed)
{
    static struct without_pongs before;
    static struct without_pongs after;

    strip_pongs(&before, written, fixed);
    strip_pongs(&after, &outbox_sent_bytes, fixed);
    ck_assert_uint_eq(after.rest.length, before.rest.length);
    ck_assert_mem_eq(after.rest.bytes, before.rest.bytes, before.rest.length);
    ck_assert_uint_eq(after.pongs, before.pongs > 0);
    ck_assert_uint_eq(after.last_pong_bytes, before.last_pong_bytes);
    if (before.pongs > 0) {
        ck_assert_mem_eq(after.last_pong, before.last_pong, before.last_pong_bytes);
    }
}

/* Writes what was gathered; `sent` bytes of it are taken. */
static void write_part(const struct stream *written, size_t sent)
{
    begin_anew();
    memcpy(outbox_sent_bytes.bytes, written->bytes, sent);
    outbox_sent_bytes.length = sent;
    ck_assert(outbox_prepend_rest(&outbox_pool, outbox, written->bytes, written->length, sent));
    check_outbox();
}

START_TEST(test_the_rest_of_a_write_keeps_everything_but_superseded_pongs)
{
    static struct stream written;
    size_t starts[GATHERED_COUNT + 1];

    gather(&written, starts);
    for (size_t sent = 0; sent < written.length; sent++) {
        write_part(&written, sent);
        take_all();
        check_rest_kept(&written, sent);
    }
}
END_TEST

START_TEST(test_a_pong_that_waits_is_newer_than_those_in_the_rest)
{
    static struct stream written;

    written.length = 0;
    stream_add(&written, DATA, 10, 0);
    stream_add(&written, PONG, 3, 1);
    append_message(30, 2);
    insert_control(OPCODE_PONG, 4, 3);
    ck_assert(outbox_prepend_rest(&outbox_pool, outbox, written.bytes, written.length, 0));
    ck_assert_uint_eq(outbox->pongs_dropped, 1);
    check_outbox();
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, PONG, 4, 3);
    stream_add(&outbox_expected, DATA, 30, 2);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_the_rest_of_a_write_may_be_pongs_only)
{
    static struct stream written;

    written.length = 0;
    stream_add(&written, PONG, 3, 1);
    stream_add(&written, PONG, 4, 2);
    stream_add(&written, PONG, 5, 3);
    write_part(&written, _i == 0 ? 0 : 5);
    insert_control(OPCODE_PONG, 6, 4);
    ck_assert_uint_eq(outbox->pongs_dropped, _i == 0 ? 3 : 2);
    check_outbox();
    if (_i != 0) {
        stream_add(&outbox_expected, PONG, 3, 1);
    }
    stream_add(&outbox_expected, PONG, 6, 4);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_the_rest_of_a_write_comes_before_what_waits)
{
    static struct stream written;

    written.length = 0;
    stream_add(&written, DATA, 10, 0);
    stream_add(&written, DATA, 20, 1);
    append_message(30, 2);
    hold_message(40, 3);
    ck_assert(outbox_prepend_rest(&outbox_pool, outbox, written.bytes, written.length, 15));
    check_outbox();
    append_message(50, 4);
    outbox_release_held(outbox);
    memcpy(outbox_sent_bytes.bytes, written.bytes, 15);
    outbox_sent_bytes.length = 15;
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, DATA, 20, 1);
    stream_add(&outbox_expected, DATA, 30, 2);
    stream_add(&outbox_expected, DATA, 50, 4);
    stream_add(&outbox_expected, DATA, 40, 3);
    take_all();
    check_sent();
}
END_TEST

START_TEST(test_a_newer_pong_takes_the_place_of_one_in_the_rest)
{
    static struct stream written;

    written.length = 0;
    stream_add(&written, DATA, 10, 0);
    stream_add(&written, PONG, 4, 1);
    stream_add(&written, DATA, 10, 2);
    write_part(&written, 5);
    insert_control(OPCODE_PONG, 6, 3);
    check_outbox();
    stream_add(&outbox_expected, DATA, 10, 0);
    stream_add(&outbox_expected, PONG, 6, 3);
    stream_add(&outbox_expected, DATA, 10, 2);
    take_all();
    check_sent();
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox, the rest of a write");
    TCase *tests = suite_case(suite, "outbox");

    tcase_add_checked_fixture(tests, outbox_fixture_start, outbox_fixture_stop);
    tcase_add_test(tests, test_the_rest_of_a_write_keeps_everything_but_superseded_pongs);
    tcase_add_test(tests, test_a_pong_that_waits_is_newer_than_those_in_the_rest);
    tcase_add_loop_test(tests, test_the_rest_of_a_write_may_be_pongs_only, 0, 2);
    tcase_add_test(tests, test_the_rest_of_a_write_comes_before_what_waits);
    tcase_add_test(tests, test_a_newer_pong_takes_the_place_of_one_in_the_rest);
    return suite_run(suite);
}

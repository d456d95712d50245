/*
 * The queue of one connection against a naive one: a list of frames. Long random sequences of
 * everything that can be done to it; what a kernel gets must be the same bytes at every step, and
 * so whole frames in the right order.
 */
#include "outbox_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { STEPS = 2000, SEEDS = 10, FRAMES_MAX = 512, FRAME_BYTES = 4096 };
enum { DATA = FRAME_FIN | OPCODE_BINARY, PONG = FRAME_FIN | OPCODE_PONG };

/* ---- the model ---- */

struct model_frame {
    uint8_t first_byte;
    size_t payload_bytes;
    unsigned number;
    bool held;
};

/* Frames in the order in which they are to go, those held back last. */
static struct {
    struct model_frame frames[FRAMES_MAX];
    size_t count;
    size_t sent; /* bytes of the first frame that have gone */
    unsigned next_number;
} model;

static size_t frame_bytes(const struct model_frame *frame)
{
    return frame_header_size(frame->payload_bytes) + frame->payload_bytes;
}

static size_t ready_count(void)
{
    size_t count = 0;

    while (count < model.count && !model.frames[count].held) {
        count++;
    }
    return count;
}

static size_t ready_bytes(void)
{
    size_t bytes = 0;

    for (size_t i = 0; i < ready_count(); i++) {
        bytes += frame_bytes(&model.frames[i]);
    }
    return bytes - model.sent;
}

/* The first frame of which nothing has gone. */
static size_t first_free(void)
{
    return model.sent > 0;
}

static void model_insert(size_t position, struct model_frame frame)
{
    ck_assert_uint_lt(model.count, FRAMES_MAX);
    memmove(&model.frames[position + 1], &model.frames[position],
            (model.count - position) * sizeof frame);
    model.frames[position] = frame;
    model.count++;
}

static void model_remove(size_t position, size_t count)
{
    memmove(&model.frames[position], &model.frames[position + count],
            (model.count - position - count) * sizeof model.frames[0]);
    model.count -= count;
}

/* Adds `length` bytes from the head to what is expected, and takes them out. */
static void model_take(size_t length)
{
    static uint8_t bytes[FRAME_BYTES];

    while (length > 0) {
        const struct model_frame *frame = &model.frames[0];
        size_t whole = make_frame(bytes, frame->first_byte, frame->payload_bytes, frame->number);
        size_t part = whole - model.sent < length ? whole - model.sent : length;

        memcpy(outbox_expected.bytes + outbox_expected.length, bytes + model.sent, part);
        outbox_expected.length += part;
        model.sent += part;
        length -= part;
        if (model.sent == whole) {
            model_remove(0, 1);
            model.sent = 0;
        }
    }
}

/* ---- what can be done, to both ---- */

static uint64_t random_state;

static size_t random_below(size_t bound)
{
    random_state = random_state * 6364136223846793005U + 1442695040888963407U;
    return (size_t)(random_state >> 33) % bound;
}

/* Mostly small frames, and those around the size from which a reference is kept. */
static size_t random_payload(void)
{
    static const size_t bounds[] = {1, 10, 130, 400, OUTBOX_COPY_BYTES + 20, 3000};

    return random_below(bounds[random_below(sizeof bounds / sizeof *bounds)]);
}

static struct model_frame new_frame(uint8_t first_byte, size_t payload_bytes)
{
    return (struct model_frame){
        .first_byte = first_byte, .payload_bytes = payload_bytes, .number = model.next_number++};
}

static void step_append(void)
{
    struct model_frame frame = new_frame(DATA, random_payload());

    model_insert(ready_count(), frame);
    append_message(frame.payload_bytes, frame.number);
}

static void step_hold(void)
{
    struct model_frame frame = new_frame(DATA, random_payload());

    frame.held = true;
    model_insert(model.count, frame);
    hold_message(frame.payload_bytes, frame.number);
}

static void step_release_held(void)
{
    for (size_t i = 0; i < model.count; i++) {
        model.frames[i].held = false;
    }
    outbox_release_held(outbox);
}

static void step_drop_held(void)
{
    model_remove(ready_count(), model.count - ready_count());
    outbox_drop_held(&outbox_pool, outbox);
}

static void step_take(void)
{
    size_t ready = ready_bytes();
    size_t length = random_below(2 * ready + 1);

    length = length < ready ? length : ready;
    model_take(length);
    ck_assert_uint_eq(take_bytes(length), length);
}

static void step_ping(void)
{
    struct model_frame frame = new_frame(FRAME_FIN | OPCODE_PING, random_below(126));

    model_insert(first_free(), frame);
    insert_control(OPCODE_PING, frame.payload_bytes, frame.number);
}

/* A Pong that waits is replaced where it stands. */
static void step_pong(void)
{
    struct model_frame frame = new_frame(PONG, random_below(126));
    size_t position = first_free();
    size_t waiting = position;

    while (waiting < model.count && model.frames[waiting].first_byte != PONG) {
        waiting++;
    }
    if (waiting < model.count) {
        model.frames[waiting] = frame;
    } else {
        model_insert(position, frame);
    }
    insert_control(OPCODE_PONG, frame.payload_bytes, frame.number);
}

static void step_drop(void)
{
    size_t kept = first_free();

    model_remove(kept, model.count - kept);
    outbox_drop_unsent(&outbox_pool, outbox);
}

/* Of the frames from `from` on that a callback has gathered only the last Pong stays, and goes to
 * the front, unless a newer one waits behind the `count` frames. */
static void keep_last_pong(size_t from, size_t count)
{
    struct model_frame last = {0};
    bool newer_waits = false;

    for (size_t i = count; i < model.count; i++) {
        newer_waits |= model.frames[i].first_byte == PONG;
    }
    for (size_t i = count; i-- > from;) {
        if (model.frames[i].first_byte == PONG) {
            last = last.first_byte == 0 ? model.frames[i] : last;
            model_remove(i, 1);
        }
    }
    if (last.first_byte != 0 && !newer_waits) {
        model_insert(from, last);
    }
}

/* What a callback gathered and the kernel did not take comes before everything, of which nothing
 * can have been begun. */
static void step_prepend(void)
{
    static struct stream written;
    size_t count = 1 + random_below(6);
    size_t sent;
    size_t frames_left;

    if (model.sent > 0) {
        return;
    }
    written.length = 0;
    for (size_t i = 0; i < count; i++) {
        struct model_frame frame = random_below(2) == 0 ? new_frame(PONG, random_below(126))
                                                        : new_frame(DATA, random_payload());

        stream_add(&written, frame.first_byte, frame.payload_bytes, frame.number);
        model_insert(i, frame);
    }
    frames_left = model.count - count;
    sent = random_below(written.length);
    model_take(sent);
    keep_last_pong(first_free(), model.count - frames_left);
    memcpy(outbox_sent_bytes.bytes + outbox_sent_bytes.length, written.bytes, sent);
    outbox_sent_bytes.length += sent;
    ck_assert(outbox_prepend_rest(&outbox_pool, outbox, written.bytes, written.length, sent));
}

/* In proportion to how often each is done. */
static void (*const steps[])(void) = {
    step_append, step_append,       step_append,    step_append, step_append,  step_hold, step_hold,
    step_take,   step_take,         step_take,      step_take,   step_ping,    step_pong, step_pong,
    step_pong,   step_release_held, step_drop_held, step_drop,   step_prepend,
};

/* Compares what was sent since the last time. */
static void compare(void)
{
    check_outbox();
    check_sent();
    outbox_sent_bytes.length = 0;
    outbox_expected.length = 0;
}

START_TEST(test_a_random_sequence_sends_what_a_list_of_frames_would)
{
    random_state = (uint64_t)_i * 7919 + 1;
    memset(&model, 0, sizeof model);
    for (unsigned i = 0; i < STEPS; i++) {
        if (model.count > FRAMES_MAX / 2) {
            step_drop();
        } else {
            steps[random_below(sizeof steps / sizeof *steps)]();
        }
        compare();
    }
    step_release_held();
    model_take(ready_bytes());
    take_all();
    compare();
    ck_assert(outbox_empty(outbox));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("outbox, random sequences");
    TCase *tests = tcase_create("against a list of frames");

    tcase_add_checked_fixture(tests, outbox_fixture_start, outbox_fixture_stop);
    tcase_add_loop_test(tests, test_a_random_sequence_sends_what_a_list_of_frames_would, 0, SEEDS);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

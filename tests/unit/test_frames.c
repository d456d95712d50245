/*
 * Reading a server's frames: whatever they are cut into, the same comes out.
 */
#include "bench/frames.h"

#include "suite.h"

#include <stdio.h>
#include <string.h>

enum { LOG_MAX = 4096 };

struct conversation {
    const char *bytes;
    size_t length;
    const char *log; /* what is read, as record() writes it */
};

#define BYTES(literal) literal, sizeof(literal) - 1

static const struct conversation conversations[] = {
    {BYTES("\x81\x02hi"), "text hi end "},
    {BYTES("\x82\x00"), "binary end "},
    {BYTES("\x82\x02hi\x81\x01!"), "binary hi end text ! end "},
    {BYTES("\x01\x01h\x80\x01i"), "text h text i end "},
    {BYTES("\x01\x01h\x89\x04ping\x00\x00\x80\x01i"), "text h ping ping text text i end "},
    {BYTES("\x8a\x00\x89\x00"), "pong ping "},
    {BYTES("\x88\x04nono"), "close nono"},
    {BYTES("\xc1\x02hi\x81\x01!"), "deflated text hi end text ! end "},
    {BYTES("\x41\x01h\x80\x01i"), "deflated text h deflated text i end "},
    {BYTES("\x81\x82"), "a masked frame, which only clients send"},
    {BYTES("\x83\x00"), "a frame with a reserved opcode"},
    {BYTES("\x8b\x00"), "a frame with a reserved opcode"},
    {BYTES("\xa1\x00"), "a frame with reserved bits that no extension has a use for"},
    {BYTES("\xc9\x00"), "a frame with reserved bits that no extension has a use for"},
    {BYTES("\x01\x00\xc0\x00"), "text a frame with reserved bits that no extension has a use for"},
    {BYTES("\x80\x00"), "a continuation of no message"},
    {BYTES("\x01\x00\x81\x00"), "text a new message before the last one has ended"},
    {BYTES("\x09\x00"), "a control frame that is fragmented or longer than 125 bytes"},
    {BYTES("\x89\x7e"), "a control frame that is fragmented or longer than 125 bytes"},
    {BYTES("\x82\x7e\x00\x7d"), "a frame whose length takes more bytes than it needs"},
    {BYTES("\x82\x7f\x00\x00\x00\x00\x00\x00\xff\xff"),
     "a frame whose length takes more bytes than it needs"},
    {BYTES("\x82\x7f\x80\x00\x00\x00\x00\x00\x00\x00"), "a frame longer than frames can be"},
};

struct record {
    char log[LOG_MAX];
    size_t length;
    bool in_message; /* the last entry can go on */
};

static void write(struct record *record, const void *bytes, size_t length)
{
    ck_assert_uint_lt(record->length + length, LOG_MAX);
    memcpy(record->log + record->length, bytes, length);
    record->length += length;
}

static void write_text(struct record *record, const char *text)
{
    write(record, text, strlen(text));
}

/* Pieces of one frame are one entry, however many there are. */
static void write_data(struct record *record, const struct frames *frames,
                       const struct frames_piece *piece)
{
    if (!record->in_message) {
        write_text(record, piece->compressed ? "deflated " : "");
        write_text(record, piece->opcode == OPCODE_TEXT ? "text " : "binary ");
    }
    write(record, piece->bytes, piece->length);
    record->in_message = frames->in_frame;
    if (!frames->in_frame) {
        write_text(record, record->log[record->length - 1] == ' ' ? "" : " ");
        write_text(record, piece->ends ? "end " : "");
    }
}

/* Returns false when nothing more can be read. */
static bool write_event(struct record *record, enum frames_event event, const struct frames *frames,
                        const struct frames_piece *piece)
{
    static const char *const names[] = {
        [FRAMES_PING] = "ping ", [FRAMES_PONG] = "pong ", [FRAMES_CLOSE] = "close "};

    if (event == FRAMES_DATA) {
        write_data(record, frames, piece);
    } else if (event == FRAMES_BROKEN) {
        write_text(record, piece->why);
    } else {
        write_text(record, names[event]);
        write(record, piece->bytes, piece->length);
        write_text(record, piece->length > 0 && event == FRAMES_PING ? " " : "");
    }
    return event != FRAMES_BROKEN;
}

/* Feeds the bytes in pieces of this size. */
static void read_in_pieces(const struct conversation *conversation, size_t size,
                           struct record *record)
{
    struct frames frames = {0};
    struct frames_piece piece;

    for (size_t at = 0; at < conversation->length; at += size) {
        size_t left = conversation->length - at;
        const uint8_t *input = (const uint8_t *)conversation->bytes + at;
        const uint8_t *end = input + (size < left ? size : left);
        enum frames_event event;

        while ((event = frames_next(&frames, true, &input, end, &piece)) != FRAMES_MORE) {
            if (!write_event(record, event, &frames, &piece)) {
                return;
            }
        }
        ck_assert_ptr_eq(input, end);
    }
    ck_assert(frames_between_messages(&frames));
}

START_TEST(test_frames_are_the_same_however_they_are_cut)
{
    const struct conversation *conversation = &conversations[_i];

    for (size_t size = 1; size <= conversation->length; size++) {
        struct record record = {.length = 0};

        read_in_pieces(conversation, size, &record);
        ck_assert_msg(strcmp(record.log, conversation->log) == 0, "\"%s\" instead of \"%s\"",
                      record.log, conversation->log);
    }
}
END_TEST

START_TEST(test_every_form_of_the_length_is_read)
{
    static const uint64_t lengths[] = {0, 1, 125, 126, 65535, 65536, UINT64_C(1) << 40, INT64_MAX};

    for (size_t i = 0; i < sizeof lengths / sizeof *lengths; i++) {
        struct frames frames = {0};
        struct frames_piece piece;
        uint8_t header[FRAME_SERVER_HEADER_MAX];
        size_t size = frame_write_header(header, FRAME_FIN | OPCODE_BINARY, lengths[i]);
        const uint8_t *input = header;
        enum frames_event event = frames_next(&frames, false, &input, header + size, &piece);

        ck_assert_int_eq(event, lengths[i] == 0 ? FRAMES_DATA : FRAMES_MORE);
        ck_assert_uint_eq(frames.left, lengths[i]);
    }
}
END_TEST

START_TEST(test_compression_that_was_not_agreed_on_is_broken)
{
    struct frames frames = {0};
    struct frames_piece piece;
    const uint8_t bytes[] = {0xc1, 0x00};
    const uint8_t *input = bytes;

    ck_assert_int_eq(frames_next(&frames, false, &input, bytes + 2, &piece), FRAMES_BROKEN);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("frames");
    TCase *tests = suite_case(suite, "frames");

    tcase_add_loop_test(tests, test_frames_are_the_same_however_they_are_cut, 0,
                        sizeof conversations / sizeof *conversations);
    tcase_add_test(tests, test_every_form_of_the_length_is_read);
    tcase_add_test(tests, test_compression_that_was_not_agreed_on_is_broken);
    return suite_run(suite);
}

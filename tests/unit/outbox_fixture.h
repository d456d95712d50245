/*
 * One outbox under test, frames to put into it, and what a kernel would get out of it.
 */
#ifndef WSRELAYD_TESTS_OUTBOX_FIXTURE_H
#define WSRELAYD_TESTS_OUTBOX_FIXTURE_H

#include "net/outbox.h"
#include "protocol/frame.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum { STREAM_MAX_BYTES = 1 << 20 };

/* Bytes on their way to a peer. */
struct stream {
    size_t length;
    uint8_t bytes[STREAM_MAX_BYTES];
};

extern struct pool outbox_pool;
extern struct outbox *outbox;

/* What has been taken out of the outbox, and what a test expects that to be in the end. */
extern struct stream outbox_sent_bytes;
extern struct stream outbox_expected;

void outbox_fixture_start(void);
void outbox_fixture_stop(void);

/* Writes a frame whose payload is told by `number` and returns its length. */
size_t make_frame(uint8_t *target, uint8_t first_byte, size_t payload_bytes, unsigned number);

/* Adds such a frame to a stream. */
void stream_add(struct stream *stream, uint8_t first_byte, size_t payload_bytes, unsigned number);

/* Such a frame as a parcel with one reference. */
struct parcel *make_parcel(uint8_t first_byte, size_t payload_bytes, unsigned number);

/* Appends a binary message, or holds it back. */
void append_message(size_t payload_bytes, unsigned number);
void hold_message(size_t payload_bytes, unsigned number);

/*
 * A queue with everything in it: a reference, a block of several frames, a long reference, a block.
 * mixed_starts tells where each of the frames begins, and behind them where the last ends.
 */
enum { MIXED_COUNT = 8 };
extern size_t mixed_starts[MIXED_COUNT + 1];
void append_mixed(void);

/* Expects the mixed frames from one to another. */
void expect_mixed(unsigned from, unsigned to);

/* The number of mixed frames that are done or begun when this many bytes have gone. */
unsigned mixed_begun(size_t bytes);

/* The next position in them to try: all of them, but for most of those inside the longest. */
size_t mixed_next_position(size_t position);

/* Inserts a control frame; it must not fail. */
void insert_control(enum opcode opcode, size_t payload_bytes, unsigned number);

/* Takes up to `length` bytes, one system call's vectors at a time. Returns how many there were. */
size_t take_bytes(size_t length);

/* Takes everything that is ready. */
void take_all(void);

/* Fails the test unless everything that an outbox says of itself is so. */
void check_outbox(void);

/* Fails the test unless what was taken is what was expected. */
void check_sent(void);

/* Frees the outbox and what was taken and expected, and begins anew. */
void begin_anew(void);

#endif

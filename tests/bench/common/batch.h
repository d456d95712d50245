/*
 * The messages that a connection keeps in flight, built once, and the check of what comes back.
 */
#ifndef WSRELAYD_BENCH_BATCH_H
#define WSRELAYD_BENCH_BATCH_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum batch_kind {
    BATCH_RAW,    /* the same wire bytes, but the server is to return them as they are */
    BATCH_BINARY, /* masked WebSocket frames, to return as messages of the same type */
    BATCH_TEXT,   /* the same with UTF-8 of one to four bytes a character */
};

/* `count` different messages of `payload_bytes` each. */
struct batch {
    enum batch_kind kind;
    bool verify; /* compare what comes back byte for byte */
    size_t count;
    size_t payload_bytes;
    uint8_t *payloads; /* in the clear, one after the other */
    uint8_t *wire;     /* what to send */
    size_t wire_bytes;
};

/* How far the answer to a batch has come. Zero-filled: nothing yet. */
struct batch_reply {
    size_t messages;      /* that came back whole */
    size_t message_bytes; /* of the current message; of the whole batch when raw */
    uint64_t frame_left;  /* payload bytes of the current frame still to come */
    bool in_frame;
    bool in_message;
    uint8_t header_bytes; /* of an incomplete header */
    uint8_t header[10];
};

/* Ends the program when memory is short. */
struct batch *batch_create(enum batch_kind kind, size_t count, size_t payload_bytes, bool verify);
void batch_free(struct batch *batch);

/*
 * Takes bytes that came back. Ends the program with a message when they cannot be the echo, a
 * control frame included. Returns true when the last message is complete.
 */
bool batch_check(const struct batch *batch, struct batch_reply *reply, const uint8_t *bytes,
                 size_t length);

#endif

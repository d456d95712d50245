/*
 * What waits to be sent on one connection: slices of parcels, in order. Exists only while
 * something waits, though that may be in the connection's transport. Every slice holds whole
 * frames, but for the first, of which a part may have gone; so a control frame can go out at the
 * next frame boundary, and a failing connection can drop everything but the frame that has been
 * begun.
 */
#ifndef WSRELAYD_NET_OUTBOX_H
#define WSRELAYD_NET_OUTBOX_H

#include "net/message.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <sys/uio.h>

enum {
    OUTBOX_COPY_BYTES = 1024,  /* a frame up to this is copied behind others that wait */
    OUTBOX_BLOCK_BYTES = 8192, /* into blocks of this many bytes */
    OUTBOX_VECTORS_MAX = 64,   /* for one system call */
};

struct outbox_entry {
    struct outbox_entry *next;
    struct parcel *parcel;
    size_t offset; /* into the message's wire bytes: sent up to here */
    size_t end;
    bool growing; /* the parcel is a block of this outbox's own, more may be copied to its end */
    bool opaque;  /* not frames but an HTTP response: never cut, passed or dropped */
};

struct outbox_list {
    struct outbox_entry *first;
    struct outbox_entry *last; /* meaningless while first is NULL */
};

struct outbox {
    struct outbox_list ready;
    struct outbox_list held;   /* whole messages that wait for the end of a streamed one */
    struct outbox_entry *pong; /* in `ready`, not begun: a newer Pong takes its place; or NULL */
    size_t bytes;              /* wire bytes in both lists: what limits are compared with */
    int64_t progress_ms;  /* while blocked: when the kernel last took something or first refused */
    size_t pongs_dropped; /* for newer ones; who counts frames takes it */
};

/* NULL when memory is short. */
struct outbox *outbox_create(struct pool *pool);

/* Frees it with all that waits in it. NULL is allowed. */
void outbox_free(struct pool *pool, struct outbox *outbox);

/*
 * Appends whole frames: a reference to the parcel, or a copy where that is the smaller cost.
 * The caller keeps its reference. False when memory is short: nothing was appended.
 */
bool outbox_append(struct pool *pool, struct outbox *outbox, struct parcel *parcel);

/* The same behind a streamed message that has not ended. */
bool outbox_hold(struct pool *pool, struct outbox *outbox, struct parcel *parcel);

/* Begins an empty outbox with [offset, end) of the wire bytes of the parcel's message: whole
 * frames, of the first of which a part may have gone. Otherwise as outbox_append. */
bool outbox_begin(struct pool *pool, struct outbox *outbox, struct parcel *parcel, size_t offset,
                  size_t end);

/* Moves everything held to the end of what is ready: the streamed message has ended. */
void outbox_release_held(struct outbox *outbox);

/* Drops everything held. */
void outbox_drop_held(struct pool *pool, struct outbox *outbox);

/* Appends what of an HTTP response lies in [offset, end) of the wire bytes of the parcel's message.
 * Otherwise as outbox_append. */
bool outbox_append_response(struct pool *pool, struct outbox *outbox, struct parcel *parcel,
                            size_t offset, size_t end);

/* Appends a copy of the rest of an HTTP response. */
bool outbox_append_opaque(struct pool *pool, struct outbox *outbox, const uint8_t *bytes,
                          size_t length);

/*
 * Copies what one write of whole frames has left over to the front: `sent` bytes of them are gone.
 * Of the Pongs that have not been begun only the last is kept, and waits as such (RFC 6455 section
 * 5.5.3).
 */
bool outbox_prepend_rest(struct pool *pool, struct outbox *outbox, const uint8_t *bytes,
                         size_t length, size_t sent);

/* Inserts a control frame at the next frame boundary. A Pong takes the place of one that waits. */
bool outbox_insert_control(struct pool *pool, struct outbox *outbox, const uint8_t *frame,
                           size_t length, bool is_pong);

/* Drops everything behind the frame that has been begun. */
void outbox_drop_unsent(struct pool *pool, struct outbox *outbox);

/* The next bytes to send, at most OUTBOX_VECTORS_MAX vectors. Returns how many vectors. */
int outbox_vectors(const struct outbox *outbox, struct iovec *vectors);

/* Takes out `length` bytes that have been sent. */
void outbox_sent(struct pool *pool, struct outbox *outbox, size_t length);

static inline bool outbox_empty(const struct outbox *outbox)
{
    return outbox->ready.first == NULL && outbox->held.first == NULL;
}

#endif

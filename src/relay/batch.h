/*
 * Where one worker's small publications of late stand one behind the other. A member that gets
 * several of them in one turn then has one piece of memory to be sent, as all members of its room
 * have, instead of a queue of pieces or a copy of its own.
 */
#ifndef WSRELAYD_RELAY_BATCH_H
#define WSRELAYD_RELAY_BATCH_H

#include "base/pool.h"
#include "net/message.h"

enum {
    BATCH_BYTES = 65536,        /* of a block */
    BATCH_MESSAGE_BYTES = 1024, /* wire bytes: what is larger is not copied */
};

/* Zero-filled: empty. One thread's own. */
struct batch {
    struct message *block; /* or NULL; begun anew when nothing in it waits any more */
};

/*
 * A parcel of a copy of the message (one frame) behind the last one, with one reference, the
 * caller's. NULL when the message is too large for that or memory is short: the message itself does
 * as well.
 */
struct parcel *batch_copy(struct pool *pool, struct batch *batch, const struct message *message);

/* Gives back the block; what still waits in it stays. */
void batch_end(struct pool *pool, struct batch *batch);

#endif

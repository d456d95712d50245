/*
 * RFC 6455 sections 5.5.1 and 7.4: the body of a Close frame.
 */
#ifndef WSRELAYD_PROTOCOL_CLOSE_H
#define WSRELAYD_PROTOCOL_CLOSE_H

#include "base/slice.h"
#include "protocol/frame.h"

struct close_body {
    uint16_t code; /* CLOSE_NO_STATUS when the body was empty */
    struct slice reason;
};

/*
 * Reads the unmasked body of a received Close frame. Returns false and says in `failure` how to
 * fail the connection when it has one byte, a code that may not be sent, or a reason that is not
 * UTF-8.
 */
bool close_body_parse(struct slice payload, struct close_body *body, struct frame_failure *failure);

/* Whether an endpoint may send the code in a Close frame. */
bool close_code_may_be_sent(uint16_t code);

/*
 * Writes a body to `target` (FRAME_CONTROL_MAX_BYTES of room): code and reason, the reason cut at
 * a character boundary to what fits; nothing at all for CLOSE_NO_STATUS. Returns its size.
 */
size_t close_body_write(uint8_t *target, uint16_t code, struct slice reason);

#endif

/*
 * Close bodies: a code of two bytes and a reason, or nothing.
 */
#include "protocol/close.h"

#include <string.h>

enum { CODE_BYTES = 2 };

/*
 * RFC 6455 section 7.4 and the IANA registry: the codes that an endpoint may send. 1004 is
 * reserved, 1005, 1006 and 1015 never stand in a frame, 1016 to 2999 are not assigned.
 */
static const struct {
    uint16_t first;
    uint16_t last;
} codes_on_the_wire[] = {
    {1000, 1003}, {1007, 1014}, {3000, 4999}, /* registered and private use */
};

bool close_code_may_be_sent(uint16_t code)
{
    for (size_t i = 0; i < sizeof codes_on_the_wire / sizeof *codes_on_the_wire; i++) {
        if (code >= codes_on_the_wire[i].first && code <= codes_on_the_wire[i].last) {
            return true;
        }
    }
    return false;
}

bool close_body_parse(struct slice payload, struct close_body *body, struct frame_failure *failure)
{
    const uint8_t *bytes = (const uint8_t *)payload.data;
    struct close_body parsed = {.code = CLOSE_NO_STATUS};

    if (payload.length == 0) {
        *body = parsed;
        return true;
    }
    if (payload.length < CODE_BYTES) {
        *failure = (struct frame_failure){CLOSE_PROTOCOL_ERROR, "a Close frame of one byte"};
        return false;
    }
    parsed.code = (uint16_t)(bytes[0] << 8 | bytes[1]);
    parsed.reason = (struct slice){payload.data + CODE_BYTES, payload.length - CODE_BYTES};
    if (!close_code_may_be_sent(parsed.code)) {
        *failure = (struct frame_failure){CLOSE_PROTOCOL_ERROR, "this close code may not be sent"};
        return false;
    }
    if (!utf8_valid(bytes + CODE_BYTES, parsed.reason.length)) {
        *failure = (struct frame_failure){CLOSE_INVALID_DATA, "the close reason is not UTF-8"};
        return false;
    }
    *body = parsed;
    return true;
}

/* The bytes of a reason that fit, without a part of a character. */
static size_t reason_bytes_that_fit(struct slice reason)
{
    size_t length = FRAME_CLOSE_REASON_MAX;

    if (reason.length <= length) {
        return reason.length;
    }
    while (length > 0 && ((uint8_t)reason.data[length] & 0xC0) == 0x80) {
        length--;
    }
    return length;
}

size_t close_body_write(uint8_t *target, uint16_t code, struct slice reason)
{
    size_t length;

    if (code == CLOSE_NO_STATUS) {
        return 0;
    }
    length = reason_bytes_that_fit(reason);
    target[0] = (uint8_t)(code >> 8);
    target[1] = (uint8_t)code;
    if (length > 0) {
        memcpy(target + CODE_BYTES, reason.data, length);
    }
    return CODE_BYTES + length;
}

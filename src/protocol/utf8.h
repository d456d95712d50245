/*
 * RFC 3629 UTF-8, checked as it streams by, on any CPU. Payloads are checked as they are unmasked:
 * payload.h.
 */
#ifndef WSRELAYD_PROTOCOL_UTF8_H
#define WSRELAYD_PROTOCOL_UTF8_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Where in a character the last call ended. Zero-filled: between two characters. */
struct utf8_state {
    uint8_t lead; /* 0, or a lead byte that asks for just what is still to come */
};

/*
 * Checks the next bytes of a text. Returns false at the first byte that cannot be part of valid
 * UTF-8 (the state is then without meaning).
 */
bool utf8_check(struct utf8_state *state, const uint8_t *bytes, size_t length);

/*
 * The rest of utf8_check for who has already compared every two neighbouring bytes: checks the
 * character that the end cuts, if it cuts one, and moves the state behind it.
 */
bool utf8_check_end(struct utf8_state *state, const uint8_t *bytes, size_t length);

/* Whether the text may end here. */
static inline bool utf8_complete(const struct utf8_state *state)
{
    return state->lead == 0;
}

/* Whether all of it is valid and complete. */
bool utf8_valid(const uint8_t *bytes, size_t length);

#endif

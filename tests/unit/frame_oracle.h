/*
 * What RFC 6455 says about one frame header that a client sends, written from the RFC's text and
 * apart from the codec, for the table that compares the two. No extension is negotiated here, and
 * a length that is not in its shortest form is refused, which the RFC leaves to the receiver.
 */
#ifndef WSRELAYD_TESTS_FRAME_ORACLE_H
#define WSRELAYD_TESTS_FRAME_ORACLE_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

enum oracle_state {
    ORACLE_IDLE,
    ORACLE_IN_TEXT,   /* the first fragment of a text message has been taken */
    ORACLE_IN_BINARY, /* the same of a binary message */
    ORACLE_CLOSING,   /* we sent a Close and wait for the peer's: it may still send anything */
    ORACLE_STATES,
};

/* A header as the bits of the wire say it, legal or not. */
struct oracle_header {
    unsigned opcode; /* 4 bits */
    bool fin;
    unsigned rsv; /* 3 bits */
    bool masked;
    unsigned length_field; /* 7 bits: the length itself, 126 or 127 */
    uint64_t length;
};

struct oracle_verdict {
    unsigned close_code; /* 0: the frame is legal */
    size_t known_after;  /* bytes of the header after which the verdict has to be out */
};

static inline bool oracle_is_control(unsigned opcode)
{
    return (opcode & 0x8) != 0;
}

static inline bool oracle_in_message(enum oracle_state state)
{
    return state == ORACLE_IN_TEXT || state == ORACLE_IN_BINARY;
}

static inline size_t oracle_header_size(const struct oracle_header *header)
{
    size_t length_bytes = header->length_field == 126 ? 2 : header->length_field == 127 ? 8 : 0;

    return 2 + length_bytes + (header->masked ? 4 : 0);
}

/* The rules that the first two bytes settle: sections 5.1, 5.2, 5.4 and 5.5. */
static inline bool oracle_first_bytes_legal(const struct oracle_header *header,
                                            enum oracle_state state)
{
    bool opcode_reserved = (header->opcode >= 0x3 && header->opcode <= 0x7) || header->opcode > 0xA;

    if (header->rsv != 0 || opcode_reserved || !header->masked) {
        return false;
    }
    if (oracle_is_control(header->opcode)) {
        return header->fin && header->length_field <= 125;
    }
    return (header->opcode == 0x0) == oracle_in_message(state);
}

/* Section 5.2: the top bit of a 64-bit length is 0; and no longer form than the length needs. */
static inline bool oracle_length_legal(const struct oracle_header *header)
{
    switch (header->length_field) {
    case 126:
        return header->length >= 126;
    case 127:
        return header->length >= 65536 && header->length >> 63 == 0;
    default:
        return true;
    }
}

static inline struct oracle_verdict oracle_judge(const struct oracle_header *header,
                                                 enum oracle_state state)
{
    if (!oracle_first_bytes_legal(header, state)) {
        return (struct oracle_verdict){1002, 2};
    }
    return (struct oracle_verdict){oracle_length_legal(header) ? 0 : 1002,
                                   oracle_header_size(header)};
}

/* Where a legal frame leaves the stream. */
static inline enum oracle_state oracle_next_state(const struct oracle_header *header,
                                                  enum oracle_state state)
{
    if (oracle_is_control(header->opcode)) {
        return state;
    }
    if (header->fin) {
        return ORACLE_IDLE;
    }
    if (header->opcode == 0x0) {
        return state;
    }
    return header->opcode == 0x1 ? ORACLE_IN_TEXT : ORACLE_IN_BINARY;
}

/* Section 7.4 and the IANA registry: whether a peer may put this code into its Close frame. */
static inline bool oracle_close_code_legal(unsigned code)
{
    bool named = (code >= 1000 && code <= 1003) || (code >= 1007 && code <= 1014);

    return named || (code >= 3000 && code <= 4999);
}

#endif

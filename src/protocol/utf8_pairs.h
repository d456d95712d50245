/*
 * The tables with which vector instructions check UTF-8, whatever characters it holds, without a
 * branch on them.
 *
 * The method is the one of J. Keiser and D. Lemire, "Validating UTF-8 In Less Than One Instruction
 * Per Byte" (2021). Nearly every error shows in two neighbouring bytes, and in no more of them
 * than their upper three nibbles. Three tables, one for each of these nibbles, hold the set of
 * errors that the nibble allows; an error is there where all three agree. What two bytes cannot
 * show is that a third or fourth byte of a character is missing or too many; that is seen from
 * the leads two and three bytes back: UTF8_CONTINUATION_TWICE must be there where they ask for
 * it, and nowhere else.
 *
 * No byte is judged by one that comes after it, so what a vector needs of the one before are its
 * last three bytes; and after a struct utf8_state it is enough to know its lead.
 */
#ifndef WSRELAYD_PROTOCOL_UTF8_PAIRS_H
#define WSRELAYD_PROTOCOL_UTF8_PAIRS_H

#include <stdint.h>

/* What the upper and the lower nibble of the first of two bytes allow. */
extern const uint8_t utf8_by_first_upper[16];
extern const uint8_t utf8_by_first_lower[16];

/* What the upper nibble of the second byte allows. */
extern const uint8_t utf8_by_second_upper[16];

/* In all three tables. The top bit, so that it can be compared with the leads. */
enum { UTF8_CONTINUATION_TWICE = 0x80 };

/*
 * With saturation subtracted from the bytes two and three back, these leave the top bit where a
 * lead asks for a third and a fourth byte.
 */
enum {
    UTF8_BELOW_LEAD_OF_3 = 0xE0 - UTF8_CONTINUATION_TWICE,
    UTF8_BELOW_LEAD_OF_4 = 0xF0 - UTF8_CONTINUATION_TWICE,
};

/*
 * The largest values of the last bytes of a text that cuts no character, at the end of 64 bytes of
 * which vectors of any size take the last.
 */
extern const uint8_t utf8_largest_end[64];

#endif

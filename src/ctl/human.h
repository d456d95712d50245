/*
 * Numbers as people read them.
 */
#ifndef WSRELAYD_CTL_HUMAN_H
#define WSRELAYD_CTL_HUMAN_H

#include <stdint.h>

enum { HUMAN_TEXT_BYTES = 32 };

/* "1023B", "1.5KiB", "640MiB". */
void human_bytes(double bytes, char text[HUMAN_TEXT_BYTES]);

/* "99999", and from there on "100k", "1.2M". */
void human_count(double count, char text[HUMAN_TEXT_BYTES]);

/* Of a second: as a count, but "0.5" where it is less than ten. */
void human_rate(double count, char text[HUMAN_TEXT_BYTES]);

/* "5s", "4m05s", "2h03m", "12d04h". What is less than nothing is nothing. */
void human_duration(double seconds, char text[HUMAN_TEXT_BYTES]);

#endif

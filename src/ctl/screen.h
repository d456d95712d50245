/*
 * A terminal that is drawn on as a whole, with ANSI sequences, and given back as it was.
 */
#ifndef WSRELAYD_CTL_SCREEN_H
#define WSRELAYD_CTL_SCREEN_H

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

/* Whether standard output is a terminal that understands them. */
bool screen_is_there(void);

/*
 * Takes the terminal over. From now on an interrupt gives it back and ends the process with exit
 * status 0; other signals that end a process give it back, too.
 */
void screen_open(void);

/* Gives it back. */
void screen_close(void);

size_t screen_lines(void);
size_t screen_columns(void);

/* Draws lines, each ended by a newline; what does not fit is cut. */
void screen_draw(const char *text, size_t length);

enum screen_event { SCREEN_TIME, SCREEN_RESIZED, SCREEN_QUIT };

/* Waits until a moment of the monotonic clock, a q, or another size of the terminal. */
enum screen_event screen_wait(int64_t until_ms);

#endif

/*
 * Texts of others on a terminal: names are shown as they are, in any script, but nothing that they
 * hold is obeyed or hidden. What is printed is UTF-8.
 */
#ifndef WSRELAYD_CTL_ESCAPE_H
#define WSRELAYD_CTL_ESCAPE_H

#include "base/slice.h"

#include <stdio.h>

/*
 * Has the C library know UTF-8 whatever the user's locale; call it once at the start. Where there
 * is no such locale everything but ASCII will be escaped.
 */
void escape_init(void);

/*
 * Writes a text. Control characters and invalid bytes become \xNN; what is invisible, changes the
 * direction of writing or is in no Unicode that the C library knows becomes \u{N}; a backslash
 * becomes two.
 */
void escape_print(FILE *stream, struct slice text);

/* The columns of a terminal that a text takes which escape_print has written, without newlines. */
size_t escape_columns(struct slice printed);

/* How many bytes of such a text, which may begin with any part of a line, fit into so many columns.
 */
size_t escape_fitting(struct slice printed, size_t columns);

#endif

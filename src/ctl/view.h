/*
 * A sample as lines of text.
 */
#ifndef WSRELAYD_CTL_VIEW_H
#define WSRELAYD_CTL_VIEW_H

#include "ctl/sample.h"

#include <stdio.h>

/*
 * Writes what is to be seen, with the rates since `earlier`, and at most `rows` rooms and as many
 * slow readers. Figures that do not fit into so many columns are left out.
 */
void view_write(FILE *stream, const struct sample *sample, const struct sample *earlier,
                size_t rows, size_t columns);

/* Lines that view_write writes besides rooms and slow readers, at most. */
enum { VIEW_OTHER_LINES = 16 };

#endif

/*
 * Writing moments.
 */
#include "admin/time_text.h"

#include <stdio.h>
#include <time.h>

void time_text(int64_t unix_ms, char text[TIME_TEXT_BYTES])
{
    time_t seconds = (time_t)(unix_ms / 1000);
    struct tm parts;
    size_t length;

    (void)gmtime_r(&seconds, &parts);
    length = strftime(text, TIME_TEXT_BYTES, "%Y-%m-%dT%H:%M:%S", &parts);
    snprintf(text + length, TIME_TEXT_BYTES - length, ".%03dZ", (int)(unix_ms % 1000));
}

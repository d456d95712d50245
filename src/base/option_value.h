/*
 * What the arguments of options are read as.
 */
#ifndef WSRELAYD_BASE_OPTION_VALUE_H
#define WSRELAYD_BASE_OPTION_VALUE_H

#include <stdbool.h>
#include <stdint.h>

/* A whole number of digits alone, 1 or more. False when it is none; *count is then undefined. */
bool option_parse_count(const char *text, uint64_t *count);

/* A decimal number that begins with a digit or a point and lies within [least, most]. False when it
 * is none; *decimal is then undefined. */
bool option_parse_decimal(const char *text, double least, double most, double *decimal);

/* Whether `word` is one of the words of a list, which have one blank between them. */
bool option_is_among(const char *list, const char *word);

#endif

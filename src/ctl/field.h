/*
 * Members of JSON objects. What is absent or of another type reads as nothing.
 */
#ifndef WSRELAYD_CTL_FIELD_H
#define WSRELAYD_CTL_FIELD_H

#include "base/slice.h"

#include <jansson.h>
#include <stdbool.h>

/* The empty text when there is none; it belongs to the object. */
struct slice field_text(const json_t *object, const char *name);

/* 0 when there is none. */
double field_number(const json_t *object, const char *name);

/* Whether there is a number: null stands for one that is not known. */
bool field_is_known(const json_t *object, const char *name);

#endif

/*
 * Parameters that lists have in common.
 */
#ifndef WSRELAYD_ADMIN_PAGE_H
#define WSRELAYD_ADMIN_PAGE_H

#include "admin/exchange.h"

#include <stdbool.h>
#include <stddef.h>

enum { PAGE_LIMIT_DEFAULT = 100, PAGE_LIMIT_MAX = 1000 };

/* Reads a parameter as text ("" when it is absent). False after an answer that says what is wrong.
 */
bool page_text(struct exchange *exchange, const char *name, char *value, size_t capacity);

/* Reads `limit`. False after an answer. */
bool page_limit(struct exchange *exchange, size_t *limit);

/* Answers 400 because of a parameter. Returns false. */
bool page_fail(struct exchange *exchange, const char *name, const char *message);

#endif

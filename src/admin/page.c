/*
 * Reading parameters.
 */
#include "admin/page.h"

#include <stdlib.h>
#include <string.h>

bool page_fail(struct exchange *exchange, const char *name, const char *message)
{
    exchange_fail(exchange, 400, message, json_pack("{s:s}", "parameter", name));
    return false;
}

bool page_text(struct exchange *exchange, const char *name, char *value, size_t capacity)
{
    return request_parameter(exchange_request(exchange)->query, name, value, capacity) >= 0 ||
           page_fail(exchange, name, "The parameter is too long or is not well-formed.");
}

bool page_limit(struct exchange *exchange, size_t *limit)
{
    char text[8];

    *limit = PAGE_LIMIT_DEFAULT;
    if (!page_text(exchange, "limit", text, sizeof text)) {
        return false;
    }
    if (text[0] == '\0') {
        return true;
    }
    *limit = strtoul(text, NULL, 10);
    if (strspn(text, "0123456789") != strlen(text) || *limit < 1 || *limit > PAGE_LIMIT_MAX) {
        return page_fail(exchange, "limit", "The limit must be a number from 1 to 1000.");
    }
    return true;
}

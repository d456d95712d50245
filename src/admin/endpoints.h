/*
 * What the admin listener answers: methods and paths, and who answers each.
 */
#ifndef WSRELAYD_ADMIN_ENDPOINTS_H
#define WSRELAYD_ADMIN_ENDPOINTS_H

#include "base/slice.h"

#include <stdbool.h>

struct exchange;

/*
 * Answers a request, at once or later; exactly once. `element` is what stands in the path for the
 * "{}" of the pattern, else it is empty.
 */
typedef void endpoint_answer(struct exchange *exchange, struct slice element);

struct endpoint {
    const char *method;
    const char *pattern;           /* a path, in which one segment may be {} */
    const char *const *parameters; /* of the query, ended by NULL; NULL: none */
    endpoint_answer *answer;
};

enum { ENDPOINT_ALLOW_BYTES = 64 };

enum endpoint_result { ENDPOINT_FOUND, ENDPOINT_WRONG_METHOD, ENDPOINT_UNKNOWN };

/* Finds who answers. With ENDPOINT_WRONG_METHOD `allow` holds the methods that the path has. */
enum endpoint_result endpoint_find(struct slice method, struct slice path,
                                   const struct endpoint **found, struct slice *element,
                                   char allow[ENDPOINT_ALLOW_BYTES]);

/* Whether a path is open to everybody who can connect. */
bool endpoint_is_free(struct slice path);

#endif

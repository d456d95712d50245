/*
 * The token that opens a TCP address of the admin listener.
 */
#ifndef WSRELAYD_ADMIN_TOKEN_H
#define WSRELAYD_ADMIN_TOKEN_H

#include "base/slice.h"

#include <stdbool.h>

enum { TOKEN_MIN_BYTES = 16, TOKEN_MAX_BYTES = 512 };

struct token {
    size_t length; /* 0: there is none, and nothing opens */
    char bytes[TOKEN_MAX_BYTES];
};

/*
 * Reads the first line of a file, without the blanks around it. Returns NULL, or what is wrong,
 * valid until the next call. *exposed tells whether others than owner and group can read the file.
 */
const char *token_read(struct token *token, const char *path, bool *exposed);

/* Whether the value of an Authorization field is "Bearer" with this token. The time that it takes
 * does not depend on where the two differ. */
bool token_opens(const struct token *token, struct slice authorization);

/* Overwrites it. */
void token_forget(struct token *token);

#endif

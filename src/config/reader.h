/*
 * Reads nodes into structs, as the schema's rows say.
 */
#ifndef WSRELAYD_CONFIG_READER_H
#define WSRELAYD_CONFIG_READER_H

#include "config/errors.h"
#include "config/schema.h"
#include "config/tree.h"

struct reader {
    struct config_errors *errors;
    struct node *root;
    const struct handler_schema *const *handlers; /* ended by NULL */
    size_t failures; /* what could not be read, whether it was reported now or before */
};

/*
 * Fills `object`, which is zero-filled, from the mapping `node`. Keys that it lacks are taken from
 * the mapping `inherited`, then from the rows' defaults; both mappings may be NULL. Unknown keys
 * are errors. `object` can be given to schema_clear whether or not there were any.
 */
void reader_read(struct reader *reader, const struct schema_row *rows, struct node *node,
                 struct node *inherited, void *object);

/* Reports an error of a value; returns false, so that `return reader_error(...)` reads well. */
bool reader_error(struct reader *reader, struct node *node, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Reports `unknown value "x"` with what was probably meant, or else with all that there is. */
bool reader_unknown_value(struct reader *reader, struct node *node, const char *const *candidates,
                          size_t count);

/* Whether the node is a scalar that is not empty; reports if it is not. */
bool reader_expect_scalar(struct reader *reader, struct node *node);

/* The same, and that it holds no control characters. */
bool reader_expect_text(struct reader *reader, struct node *node);

/* Copies a text; reports a shortage of memory. */
char *reader_copy(struct reader *reader, struct node *node, const char *text);

#endif

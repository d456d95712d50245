/*
 * Request targets: RFC 3986 percent-encoding of what is not to be taken for syntax.
 */
#ifndef WSRELAYD_CTL_QUERY_H
#define WSRELAYD_CTL_QUERY_H

#include "base/slice.h"

struct query_parameter {
    const char *name;
    const char *value; /* NULL: the parameter is left out */
};

/* PATH?NAME=VALUE&..., to be freed. `parameters` ends with a NULL name. */
char *query_target(const char *path, const struct query_parameter *parameters);

/* FRONT, one segment of a path, REST; to be freed. */
char *query_path(const char *front, const char *segment, const char *rest);

#endif

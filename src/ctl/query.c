/*
 * Writing request targets.
 */
#include "ctl/query.h"

#include "ctl/memory.h"

#include <stdio.h>

/* RFC 3986 section 2.3. */
static const char unreserved[] = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
                                 "0123456789-._~";

static void encode(FILE *stream, const char *text)
{
    for (; *text != '\0'; text++) {
        if (strchr(unreserved, *text) != NULL) {
            fputc(*text, stream);
        } else {
            fprintf(stream, "%%%02X", (unsigned char)*text);
        }
    }
}

char *query_target(const char *path, const struct query_parameter *parameters)
{
    char *target = NULL;
    size_t length;
    char separator = '?';
    FILE *stream = memory_got(open_memstream(&target, &length));

    fputs(path, stream);
    for (; parameters->name != NULL; parameters++) {
        if (parameters->value != NULL) {
            fprintf(stream, "%c%s=", separator, parameters->name);
            encode(stream, parameters->value);
            separator = '&';
        }
    }
    fclose(stream);
    return memory_got(target);
}

char *query_path(const char *front, const char *segment, const char *rest)
{
    char *path = NULL;
    size_t length;
    FILE *stream = memory_got(open_memstream(&path, &length));

    fputs(front, stream);
    encode(stream, segment);
    fputs(rest, stream);
    fclose(stream);
    return memory_got(path);
}

/*
 * Host patterns are compared as bytes, in the form in which hosts are written to be compared.
 */
#include "config/host_pattern.h"

#include "protocol/authority.h"

#include <string.h>

#define NAME_CHARACTERS "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789-_"

/* Whether the text is labels between single dots. */
static bool is_name(const char *text)
{
    size_t label = strspn(text, NAME_CHARACTERS);

    while (label > 0 && text[label] == '.') {
        text += label + 1;
        label = strspn(text, NAME_CHARACTERS);
    }
    return label > 0 && text[label] == '\0';
}

const char *host_pattern_problem(const char *text)
{
    const char *name = strncmp(text, "*.", 2) == 0 ? text + 2 : text;

    if (strlen(text) > AUTHORITY_HOST_MAX_BYTES) {
        return "longer than 255 bytes";
    }
    if (text[0] == '[') {
        return authority_is_address(slice_of(text)) ? NULL : "not an IPv6 address in brackets";
    }
    if (strchr(name, ':') != NULL) {
        return "a host is given without a port";
    }
    if (strchr(name, '*') != NULL) {
        return "* may stand only for the first labels, as in *.example.org";
    }
    if (name != text && authority_is_address(slice_of(name))) {
        return "there is no name below an address";
    }
    return is_name(name) ? NULL : "not a host name";
}

/*
 * Requests as text.
 */
#include "protocol/http_echo.h"

static bool is_printable(char byte)
{
    return byte >= 0x20 && byte < 0x7F;
}

/* Writes a byte as it is, or escaped; returns where the next one goes. */
static char *put(char *target, char byte)
{
    static const char digits[] = "0123456789abcdef";
    unsigned char value = (unsigned char)byte;

    if (byte == '\\') {
        *target++ = '\\';
    } else if (!is_printable(byte) && byte != '\n' && byte != '\t') {
        *target++ = '\\';
        *target++ = 'x';
        *target++ = digits[value >> 4];
        *target++ = digits[value & 15];
        return target;
    }
    *target++ = byte;
    return target;
}

size_t http_echo_write(char *target, struct slice head, struct slice content)
{
    char *end = target;

    for (size_t i = 0; i < head.length; i++) {
        if (head.data[i] != '\r') { /* of a CRLF: a head has no others */
            end = put(end, head.data[i]);
        }
    }
    for (size_t i = 0; i < content.length; i++) {
        end = put(end, content.data[i]);
    }
    return (size_t)(end - target);
}

#include "base/option_value.h"

#include <errno.h>
#include <stdlib.h>
#include <string.h>

static bool is_digit(char character)
{
    return character >= '0' && character <= '9';
}

bool option_parse_count(const char *text, uint64_t *count)
{
    char *end;

    errno = 0;
    *count = strtoull(text, &end, 10);
    return is_digit(*text) && *end == '\0' && errno == 0 && *count > 0;
}

bool option_parse_decimal(const char *text, double least, double most, double *decimal)
{
    char *end;

    *decimal = strtod(text, &end);
    return (is_digit(*text) || *text == '.') && *end == '\0' && *decimal >= least &&
           *decimal <= most;
}

bool option_is_among(const char *list, const char *word)
{
    size_t length = strlen(word);

    while (list != NULL) {
        if (strcspn(list, " ") == length && memcmp(list, word, length) == 0) {
            return true;
        }
        list = strchr(list, ' ');
        list += list != NULL ? 1 : 0;
    }
    return false;
}

/*
 * Escaping, character by character.
 */
#include "ctl/escape.h"

#include <locale.h>
#include <stdbool.h>
#include <stdlib.h>
#include <wchar.h>
#include <wctype.h>

/* Printable to the C library, and yet not to be seen, or with effects on what stands around. */
static const struct {
    wchar_t first;
    wchar_t last;
} invisible[] = {
    {0x00ad, 0x00ad},   /* soft hyphen */
    {0x061c, 0x061c},   /* Arabic letter mark */
    {0x115f, 0x1160},   /* Hangul fillers */
    {0x180b, 0x180f},   /* Mongolian selectors and vowel separator */
    {0x200b, 0x200f},   /* zero width, and marks of direction */
    {0x2028, 0x202e},   /* separators, embeddings and overrides of direction */
    {0x2060, 0x206f},   /* joiner, invisible operators, isolates */
    {0x3164, 0x3164},   /* Hangul filler */
    {0xfeff, 0xfeff},   /* byte order mark */
    {0xfff9, 0xfffb},   /* annotations */
    {0xe0000, 0xe007f}, /* tags */
};

struct character {
    wchar_t code;
    size_t bytes;  /* at least 1 */
    bool is_valid; /* else it is one byte that belongs to no character */
};

void escape_init(void)
{
    if (setlocale(LC_CTYPE, "C.UTF-8") == NULL) {
        (void)setlocale(LC_CTYPE, "");
    }
}

/* The first character of a text that is not empty. */
static struct character first_of(struct slice text)
{
    struct character character = {.bytes = 1, .is_valid = true};
    mbstate_t state = {0};
    size_t bytes = mbrtowc(&character.code, text.data, text.length, &state);

    if (bytes == (size_t)-1 || bytes == (size_t)-2) {
        character.is_valid = false;
    } else if (bytes > 0) {
        character.bytes = bytes;
    }
    return character;
}

static bool is_visible(wchar_t code)
{
    for (size_t i = 0; i < sizeof invisible / sizeof *invisible; i++) {
        if (code >= invisible[i].first && code <= invisible[i].last) {
            return false;
        }
    }
    return iswprint((wint_t)code) != 0 && wcwidth(code) >= 0;
}

static bool is_control(const struct character *character)
{
    return character->code < ' ' || (character->code >= 0x7f && character->code < 0xa0);
}

void escape_print(FILE *stream, struct slice text)
{
    while (text.length > 0) {
        struct character character = first_of(text);

        if (!character.is_valid) {
            fprintf(stream, "\\x%02x", (unsigned char)text.data[0]);
        } else if (character.code == '\\') {
            fputs("\\\\", stream);
        } else if (is_control(&character)) {
            fprintf(stream, "\\x%02x", (unsigned)character.code);
        } else if (!is_visible(character.code)) {
            fprintf(stream, "\\u{%x}", (unsigned)character.code);
        } else {
            fwrite(text.data, 1, character.bytes, stream);
        }
        text = (struct slice){text.data + character.bytes, text.length - character.bytes};
    }
}

/* Every byte that belongs to no character is taken for one column. */
static size_t columns_of(const struct character *character)
{
    int width = character->is_valid ? wcwidth(character->code) : 1;

    return width > 0 ? (size_t)width : 0;
}

size_t escape_columns(struct slice printed)
{
    size_t columns = 0;

    while (printed.length > 0) {
        struct character character = first_of(printed);

        columns += columns_of(&character);
        printed = (struct slice){printed.data + character.bytes, printed.length - character.bytes};
    }
    return columns;
}

size_t escape_fitting(struct slice printed, size_t columns)
{
    size_t fitting = 0;

    while (fitting < printed.length) {
        struct character character =
            first_of((struct slice){printed.data + fitting, printed.length - fitting});
        size_t width = columns_of(&character);

        if (width > columns) {
            break;
        }
        columns -= width;
        fitting += character.bytes;
    }
    return fitting;
}

/*
 * Replaces variables. What a variable holds is never looked at again for variables, and it is put
 * into a scalar that has been parsed already: it can change a value and nothing else.
 */
#include "config/expand.h"

#include "base/slice.h"
#include "protocol/utf8.h"

#include <stdarg.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define LETTERS         "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ_"
#define LETTERS_DIGITS  LETTERS "0123456789"
#define NOTATION_ADVICE "write ${NAME} for a variable and $$ for a dollar sign"

enum { NESTING_MAX = 8 };

struct expansion {
    FILE *output; /* NULL inside a default that is not needed: only its notation is checked */
    char *problem;
    unsigned nesting; /* of defaults */
};

static bool __attribute__((format(printf, 2, 3)))
fail(struct expansion *expansion, const char *format, ...)
{
    va_list arguments;

    va_start(arguments, format);
    vsnprintf(expansion->problem, EXPAND_PROBLEM_BYTES, format, arguments);
    va_end(arguments);
    return false;
}

/* The text between the braces, cut up. */
struct reference {
    char name[128];
    char operator; /* '-' or '?', or 0 for a plain ${NAME} */
    struct slice operand;
};

static bool parse_reference(struct expansion *expansion, struct slice inside,
                            struct reference *reference)
{
    size_t name_length = 0;

    while (name_length < inside.length &&
           strchr(name_length == 0 ? LETTERS : LETTERS_DIGITS, inside.data[name_length]) != NULL) {
        name_length++;
    }
    if (name_length == 0 || name_length >= sizeof reference->name) {
        return fail(expansion, "\"${%.*s}\" names no variable: " NOTATION_ADVICE,
                    (int)(inside.length < 64 ? inside.length : 64), inside.data);
    }
    memcpy(reference->name, inside.data, name_length);
    reference->name[name_length] = '\0';
    reference->operator= 0;

    struct slice rest = {inside.data + name_length, inside.length - name_length};
    if (rest.length == 0) {
        return true;
    }
    if (rest.length < 2 || rest.data[0] != ':' || (rest.data[1] != '-' && rest.data[1] != '?')) {
        return fail(expansion, "after ${%.64s only }, :- and :? may follow", reference->name);
    }
    reference->operator= rest.data[1];
    reference->operand = (struct slice){rest.data + 2, rest.length - 2};
    return true;
}

static bool write_variable(struct expansion *expansion, const char *name, const char *value)
{
    if (!utf8_valid((const uint8_t *)value, strlen(value))) {
        return fail(expansion, "the variable %.64s is not valid UTF-8", name);
    }
    fputs(value, expansion->output);
    return true;
}

static bool expand_slice(struct expansion *expansion, struct slice text);

/* A text that is wrong is so whatever the environment holds: what is not needed is read, too. */
static bool expand_default(struct expansion *expansion, struct slice operand, bool needed)
{
    FILE *output = expansion->output;
    bool expanded;

    if (expansion->nesting == NESTING_MAX) {
        return fail(expansion, "defaults inside defaults are nested deeper than %d", NESTING_MAX);
    }
    expansion->nesting++;
    expansion->output = needed ? output : NULL;
    expanded = expand_slice(expansion, operand);
    expansion->output = output;
    expansion->nesting--;
    return expanded;
}

static bool expand_reference(struct expansion *expansion, const struct reference *reference)
{
    const char *value = getenv(reference->name);
    bool usable = value != NULL && (value[0] != '\0' || reference->operator== 0);

    if (reference->operator== '-' && !expand_default(expansion, reference->operand, !usable)) {
        return false;
    }
    if (expansion->output == NULL || (!usable && reference->operator== '-')) {
        return true;
    }
    if (usable) {
        return write_variable(expansion, reference->name, value);
    }
    if (reference->operand.length > 0 && reference->operator== '?') {
        return fail(expansion, "the variable %.64s is not set: %.*s", reference->name,
                    (int)(reference->operand.length < 128 ? reference->operand.length : 128),
                    reference->operand.data);
    }
    return fail(expansion, "the variable %.64s is not set", reference->name);
}

/* The brace that closes the first one of the text; those between them come in pairs. */
static const char *closing_brace(struct slice text)
{
    size_t open = 0;

    for (size_t i = 0; i < text.length; i++) {
        if (text.data[i] == '{') {
            open++;
        } else if (text.data[i] == '}' && --open == 0) {
            return text.data + i;
        }
    }
    return NULL;
}

static void write_byte(const struct expansion *expansion, char byte)
{
    if (expansion->output != NULL) {
        fputc(byte, expansion->output);
    }
}

/* `text` begins with "$". Returns how many of its bytes were dealt with, or 0 on failure. */
static size_t expand_dollar(struct expansion *expansion, struct slice text)
{
    struct reference reference = {0};

    if (text.length > 1 && text.data[1] == '$') {
        write_byte(expansion, '$');
        return 2;
    }
    if (text.length < 2 || text.data[1] != '{') {
        fail(expansion, "a lone \"$\": " NOTATION_ADVICE);
        return 0;
    }
    const char *end = closing_brace(text);
    if (end == NULL) {
        fail(expansion, "\"${\" without \"}\": " NOTATION_ADVICE);
        return 0;
    }
    struct slice inside = {text.data + 2, (size_t)(end - text.data) - 2};
    if (!parse_reference(expansion, inside, &reference) ||
        !expand_reference(expansion, &reference)) {
        return 0;
    }
    return inside.length + 3;
}

static bool expand_slice(struct expansion *expansion, struct slice text)
{
    while (text.length > 0) {
        size_t consumed = 1;
        if (text.data[0] == '$') {
            consumed = expand_dollar(expansion, text);
        } else {
            write_byte(expansion, text.data[0]);
        }
        if (consumed == 0) {
            return false;
        }
        text = (struct slice){text.data + consumed, text.length - consumed};
    }
    return true;
}

char *expand_variables(const char *text, char problem[EXPAND_PROBLEM_BYTES])
{
    char *result = NULL;
    size_t length;
    struct expansion expansion = {.output = open_memstream(&result, &length), .problem = problem};

    snprintf(problem, EXPAND_PROBLEM_BYTES, "out of memory");
    if (expansion.output == NULL) {
        return NULL;
    }
    bool expanded = expand_slice(&expansion, slice_of(text));
    if (fclose(expansion.output) != 0 || !expanded) {
        free(result);
        return NULL;
    }
    return result;
}

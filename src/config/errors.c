/*
 * Collects the errors and warnings of one configuration and prints them in the file's order.
 */
#include "config/errors.h"

#include <stdarg.h>
#include <stdlib.h>
#include <string.h>

enum { MESSAGE_MAX_BYTES = 1024 };

void config_errors_init(struct config_errors *errors, const char *file)
{
    *errors = (struct config_errors){.file = file};
}

void config_errors_free(struct config_errors *errors)
{
    for (size_t i = 0; i < errors->message_count; i++) {
        free(errors->messages[i].text);
    }
    config_errors_init(errors, errors->file);
}

/* One message is one line, whatever the file or the environment put into it. */
static void replace_control_bytes(char *text)
{
    for (char *byte = text; *byte != '\0'; byte++) {
        if ((unsigned char)*byte < 0x20 || *byte == 0x7f) {
            *byte = '?';
        }
    }
}

static void format_place(char *text, size_t size, const char *file, int line, int column)
{
    if (line == 0) {
        snprintf(text, size, "%s", file);
    } else if (column == 0) {
        snprintf(text, size, "%s:%d", file, line);
    } else {
        snprintf(text, size, "%s:%d:%d", file, line, column);
    }
}

/* Returns the finished line, or NULL when memory is short. */
static char *__attribute__((format(printf, 5, 0)))
format_message(const char *file, bool is_error, int line, int column, const char *format,
               va_list arguments)
{
    char text[MESSAGE_MAX_BYTES];
    char place[MESSAGE_MAX_BYTES / 2];

    format_place(place, sizeof place, file, line, column);
    size_t length =
        (size_t)snprintf(text, sizeof text, "%s: %s: ", place, is_error ? "error" : "warning");
    vsnprintf(text + length, sizeof text - length, format, arguments);
    replace_control_bytes(text);
    return strdup(text);
}

/* The place of a new message: behind all that do not stand after it in the file. */
static size_t find_place(const struct config_errors *errors, int line, int column)
{
    size_t place = errors->message_count;

    while (place > 0) {
        const struct config_message *before = &errors->messages[place - 1];
        if (before->line < line || (before->line == line && before->column <= column)) {
            break;
        }
        place--;
    }
    return place;
}

/* The last message of a kind, and how many of the kind there are; *last is set if there is one. */
static size_t count_kind(const struct config_errors *errors, bool is_error, size_t *last)
{
    size_t count = 0;

    for (size_t i = 0; i < errors->message_count; i++) {
        if (errors->messages[i].is_error == is_error) {
            *last = i;
            count++;
        }
    }
    return count;
}

static void remove_message(struct config_errors *errors, size_t place)
{
    struct config_message *message = &errors->messages[place];

    free(message->text);
    errors->message_count--;
    memmove(message, message + 1, (errors->message_count - place) * sizeof *message);
}

static void insert_message(struct config_errors *errors, size_t place,
                           const struct config_message *message)
{
    struct config_message *gap = &errors->messages[place];

    memmove(gap + 1, gap, (errors->message_count - place) * sizeof *gap);
    *gap = *message;
    errors->message_count++;
}

/*
 * Keeps a message that is among the first of its kind. Where memory is short the message is lost,
 * but it has been counted.
 */
static void __attribute__((format(printf, 5, 0)))
add_message(struct config_errors *errors, bool is_error, int line, int column, const char *format,
            va_list arguments)
{
    struct config_message message = {.is_error = is_error, .line = line, .column = column};
    size_t place = find_place(errors, line, column);
    size_t last;

    if (count_kind(errors, is_error, &last) == CONFIG_ERRORS_MAX) {
        if (place > last) {
            return;
        }
        remove_message(errors, last);
    }
    message.text = format_message(errors->file, is_error, line, column, format, arguments);
    if (message.text != NULL) {
        insert_message(errors, place, &message);
    }
}

void config_error(struct config_errors *errors, int line, int column, const char *format, ...)
{
    va_list arguments;

    errors->error_count++;
    va_start(arguments, format);
    add_message(errors, true, line, column, format, arguments);
    va_end(arguments);
}

void config_warning(struct config_errors *errors, int line, int column, const char *format, ...)
{
    va_list arguments;

    errors->warning_count++;
    va_start(arguments, format);
    add_message(errors, false, line, column, format, arguments);
    va_end(arguments);
}

static void print_more(const struct config_errors *errors, size_t count, const char *what,
                       FILE *stream)
{
    if (count > CONFIG_ERRORS_MAX) {
        size_t more = count - CONFIG_ERRORS_MAX;
        fprintf(stream, "%s: and %zu more %s%s\n", errors->file, more, what, more == 1 ? "" : "s");
    }
}

void config_errors_print(const struct config_errors *errors, FILE *stream)
{
    for (size_t i = 0; i < errors->message_count; i++) {
        fprintf(stream, "%s\n", errors->messages[i].text);
    }
    print_more(errors, errors->error_count, "error", stream);
    print_more(errors, errors->warning_count, "warning", stream);
}

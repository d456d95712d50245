/*
 * The errors and warnings of one configuration, collected so that all are reported at once.
 */
#ifndef WSRELAYD_CONFIG_ERRORS_H
#define WSRELAYD_CONFIG_ERRORS_H

#include <stdbool.h>
#include <stddef.h>
#include <stdio.h>

struct node;

enum { CONFIG_ERRORS_MAX = 20 };

struct config_message {
    bool is_error; /* else a warning */
    int line;
    int column;
    char *text; /* the finished line, without a newline; owned */
};

/* Of each kind the first CONFIG_ERRORS_MAX of the file are kept, and all are counted. */
struct config_errors {
    const char *file;           /* as given on the command line; outlives this */
    struct node *root;          /* of the file that is being loaded, else NULL */
    const struct node *handler; /* of the route whose handler's check is running, else NULL */
    size_t error_count;
    size_t warning_count;
    size_t message_count;
    struct config_message messages[2 * CONFIG_ERRORS_MAX]; /* in the order of the file's lines */
};

void config_errors_init(struct config_errors *errors, const char *file);
void config_errors_free(struct config_errors *errors);

/* "FILE:LINE:COLUMN: error: TEXT"; without the column, or without both, where they are 0. */
void config_error(struct config_errors *errors, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));
void config_warning(struct config_errors *errors, int line, int column, const char *format, ...)
    __attribute__((format(printf, 4, 5)));

/*
 * "FILE:LINE:COLUMN: error: PATH: TEXT", where PATH is that of a value, such as
 * "listeners[1].tls.client_ca". Of an error's value nothing more is reported.
 */
void config_value_error(struct config_errors *errors, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));
void config_value_warning(struct config_errors *errors, const char *path, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* For a handler's check: an error of one of the handler's own keys, with its place and path. */
void config_handler_error(struct config_errors *errors, const char *key, const char *format, ...)
    __attribute__((format(printf, 3, 4)));

/* Writes the messages to `stream` in the order of the file's lines, then how many were left out. */
void config_errors_print(const struct config_errors *errors, FILE *stream);

#endif

/*
 * The schema: the configuration language as tables. Every key is one row. Reading, range checks,
 * defaults, the dump of `-T` and the freeing of a configuration all walk these tables, and a test
 * holds the example file and the manual page against them. A new key is a field in its struct, a
 * row here, a line in etc/wsrelayd.yaml and a paragraph in man/wsrelayd.yaml.5.
 *
 * A handler writes the rows of its own keys in the same way:
 *
 *     struct broadcast_settings {
 *         char *room;
 *         bool include_sender;
 *     };
 *
 *     static const struct schema_row rows[] = {
 *         {.name = "room",
 *          SCHEMA_STRING(struct broadcast_settings, room),
 *          .fallback = "{name}",
 *          .help = "name of the room; captures of the path are put in"},
 *         {.name = "include_sender",
 *          SCHEMA_BOOL(struct broadcast_settings, include_sender),
 *          .fallback = "false",
 *          .help = "whether a sender gets its own message back"},
 *         {.name = NULL},
 *     };
 *
 * and names them in its handler_schema, with sizeof(struct broadcast_settings) as settings_bytes.
 * The settings are zero-filled first. A row without `fallback` leaves its field zero (NULL) when
 * the key is absent, unless it is `required`. What the rows allocate, the configuration frees.
 */
#ifndef WSRELAYD_CONFIG_SCHEMA_H
#define WSRELAYD_CONFIG_SCHEMA_H

#include "config/config.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>

struct dump;
struct node;
struct reader;
struct schema_row;

/* A kind of value: how it is read from one node, written on one line, and freed. */
struct schema_type {
    const char *name; /* what the manual page calls it */
    bool (*read)(struct reader *reader, const struct schema_row *row, struct node *node,
                 void *object);
    void (*write)(struct dump *dump, const struct schema_row *row, const void *object);
    bool (*is_set)(const struct schema_row *row, const void *object); /* NULL: always */
    void (*clear)(const struct schema_row *row, void *object);        /* NULL: nothing to free */
};

/* A word and the number that it stands for. */
struct schema_choice {
    const char *name;
    uint64_t value;
};

enum schema_shape {
    SHAPE_VALUE,     /* a value of `type` */
    SHAPE_MAPPING,   /* keys of `rows`, a struct inside the struct */
    SHAPE_OPTIONAL,  /* keys of `rows`, a struct of its own that a pointer leads to */
    SHAPE_LIST,      /* a list of mappings with keys of `rows`, an array that a pointer leads to */
    SHAPE_INHERITED, /* no key of its own: `rows` stand beside their neighbours, and what is absent
                        is taken from the top-level mapping called `name` */
};

struct schema_row {
    const char *name; /* the key; NULL ends a table */
    enum schema_shape shape;
    const struct schema_type *type; /* of SHAPE_VALUE */
    size_t offset;                  /* of the field in its struct */
    size_t bytes;                   /* of the field, or of the struct that its pointer leads to */
    size_t count_offset;            /* of the field that counts a SHAPE_LIST */
    uint64_t minimum;               /* of numbers, inclusive */
    uint64_t maximum;               /* of numbers, and of a list's elements, inclusive */
    const struct schema_choice *choices; /* words that are allowed, ended by a NULL name */
    const char *fallback; /* the default, as a file would say it; NULL: the field stays unset */
    bool needs_restart;   /* of a top-level key: a reload that changes it is refused */
    bool required;        /* there is no default; of a list: at least one element */
    const struct schema_row *rows; /* of all shapes but SHAPE_VALUE */
    const char *help;              /* one line */
    /* Whether the key makes sense in this struct, and if not, why. NULL: always. */
    bool (*applies)(const void *object);
    const char *applies_to; /* "only a listener with a unix: address has one" */
    /* What the rows of a mapping cannot say. Called after they have been read: what could not be
     * is zero or NULL. */
    void (*check)(struct reader *reader, struct node *node, void *object);
};

#define SCHEMA_FIELD(object, member)                                                               \
    .offset = offsetof(object, member), .bytes = sizeof(((object *)NULL)->member)

/* A value; the field's type depends on the kind of value. */
#define SCHEMA_VALUE(kind, object, member) .type = &(kind), SCHEMA_FIELD(object, member)
#define SCHEMA_NUMBER(kind, object, member, low, high)                                             \
    SCHEMA_VALUE(kind, object, member), .minimum = (low), .maximum = (high)

/* bool */
#define SCHEMA_BOOL(object, member) SCHEMA_VALUE(schema_bool, object, member)
/* char *, owned by the configuration */
#define SCHEMA_STRING(object, member) SCHEMA_VALUE(schema_string, object, member)
#define SCHEMA_PATH(object, member)   SCHEMA_VALUE(schema_path, object, member)
/* mode_t */
#define SCHEMA_MODE(object, member) SCHEMA_VALUE(schema_mode, object, member)
/* an unsigned integer of 32 or 64 bits */
#define SCHEMA_INTEGER(object, member, low, high)                                                  \
    SCHEMA_NUMBER(schema_integer, object, member, low, high)
/* the same, in bytes */
#define SCHEMA_SIZE(object, member, low, high) SCHEMA_NUMBER(schema_size, object, member, low, high)
/* int64_t, in milliseconds */
#define SCHEMA_DURATION(object, member, low, high)                                                 \
    SCHEMA_NUMBER(schema_duration, object, member, low, high)
/* an enum; `words` is an array of struct schema_choice */
#define SCHEMA_ENUM(object, member, words)                                                         \
    SCHEMA_VALUE(schema_enum, object, member), .choices = (words)

/* Structures. */
#define SCHEMA_MAPPING(object, member, table)                                                      \
    .shape = SHAPE_MAPPING, SCHEMA_FIELD(object, member), .rows = (table)
#define SCHEMA_OPTIONAL(object, member, table)                                                     \
    .shape = SHAPE_OPTIONAL, .offset = offsetof(object, member),                                   \
    .bytes = sizeof(*((object *)NULL)->member), .rows = (table)
#define SCHEMA_LIST(object, member, count, most, table)                                            \
    .shape = SHAPE_LIST, .offset = offsetof(object, member),                                       \
    .bytes = sizeof(*((object *)NULL)->member), .count_offset = offsetof(object, count),           \
    .maximum = (most), .rows = (table)
#define SCHEMA_INHERITED(object, member, table)                                                    \
    .shape = SHAPE_INHERITED, SCHEMA_FIELD(object, member), .rows = (table)

extern const struct schema_type schema_bool;
extern const struct schema_type schema_integer;
extern const struct schema_type schema_size;
extern const struct schema_type schema_duration;
extern const struct schema_type schema_enum;
extern const struct schema_type schema_string;
extern const struct schema_type schema_path;
extern const struct schema_type schema_mode;
extern const struct schema_type schema_addresses;    /* struct string_list */
extern const struct schema_type schema_subprotocols; /* struct string_list */
extern const struct schema_type schema_origins;      /* in struct route_settings only */
extern const struct schema_type schema_log_target;   /* in struct log_config only */
extern const struct schema_type schema_pattern;      /* in struct route_config only */
extern const struct schema_type schema_host;         /* in struct route_config only */
extern const struct schema_type schema_handler;      /* in struct route_config only */

/* The words for enum log_level; the command line uses them, too. */
extern const struct schema_choice schema_log_levels[];
#define SCHEMA_LOG_LEVELS_TEXT "error, warning, notice, info, debug"

/* The whole file: rows of struct config. */
extern const struct schema_row schema_rows[];

/* One element of `routes`: rows of struct route_config. */
extern const struct schema_row schema_route_rows[];

/* Frees what reading `rows` has allocated in `object`, which may be half read or zero-filled. */
void schema_clear(const struct schema_row *rows, void *object);

/* The value of the word, or NULL. */
const struct schema_choice *schema_find_choice(const struct schema_choice *choices,
                                               const char *name);

#endif

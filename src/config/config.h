/*
 * The configuration as the rest of the program sees it: complete, checked, immutable. The limits
 * and defaults of every number stand in the schema table (config/schema.c), not here.
 */
#ifndef WSRELAYD_CONFIG_CONFIG_H
#define WSRELAYD_CONFIG_CONFIG_H

#include "base/log.h"
#include "base/slice.h"
#include "config/handler_schema.h"

#include <stdbool.h>
#include <stddef.h>
#include <stdint.h>
#include <stdio.h>
#include <sys/types.h>

struct config_errors;

struct schema_row;

struct string_list {
    char **items;
    size_t count;
};

enum tls_version { TLS_VERSION_1_2, TLS_VERSION_1_3 };
enum client_auth { CLIENT_AUTH_NONE, CLIENT_AUTH_OPTIONAL, CLIENT_AUTH_REQUIRED };

struct certificate_config {
    char *certificate; /* path of a PEM file: the leaf, then its chain */
    char *private_key; /* path of a PEM file */
};

struct tls_config {
    struct certificate_config *certificates; /* the first is the default; at least one */
    size_t certificate_count;
    enum tls_version min_version;
    enum client_auth client_auth;
    char *client_ca; /* path, or NULL */
    bool reload_on_change;
};

struct listener_config {
    char *name;
    struct string_list addresses; /* as written; config/address_syntax.h */
    struct tls_config *tls;       /* NULL: plain */
    mode_t mode;                  /* of unix sockets */
    char *owner;                  /* of unix sockets; NULL: unchanged */
    char *group;                  /* of unix sockets; NULL: unchanged */
};

struct limits_config {
    uint32_t connections;
    uint32_t pending;
    size_t request_line_bytes;
    size_t header_bytes;
    uint32_t headers;
};

struct timeouts_config {
    int64_t handshake_ms;
    int64_t tls_ms;
    int64_t send_ms;
    int64_t close_ms;
    int64_t linger_ms;
    int64_t drain_ms;
    int64_t drain_delay_ms;
};

/* What becomes of connections whose route or listener is another, or gone, after a reload. */
enum on_reload { ON_RELOAD_KEEP, ON_RELOAD_CLOSE };

enum queue_policy { QUEUE_POLICY_CLOSE, QUEUE_POLICY_DROP };

/* Everything that a route inherits from `defaults` and may override. 0 ms: off. */
struct route_settings {
    bool page; /* a browser that opens the path itself gets the test page */
    bool any_origin;
    struct string_list origins; /* patterns; meaningful when any_origin is false */
    struct string_list subprotocols;
    uint64_t max_message_bytes;
    uint32_t max_fragments;
    int64_t ping_interval_ms;
    int64_t ping_timeout_ms;
    int64_t idle_timeout_ms;
    int64_t max_connection_age_ms;
    size_t send_queue_bytes;
    enum queue_policy send_queue_policy;
    enum on_reload on_reload;
};

enum path_part_type { PATH_PART_LITERAL, PATH_PART_SEGMENT, PATH_PART_REST };

/* A path pattern, cut at its captures: "/room/{name}" is the literal "/room/" and a segment. */
struct path_part {
    enum path_part_type type;
    char *text; /* the literal's bytes (normalised), or the capture's name */
};

struct route_config {
    char *path; /* the pattern as written */
    struct path_part *parts;
    size_t part_count;
    char *host; /* as authority_write_host does; exact or "*.example.org"; NULL: any */
    struct route_settings settings;
    const struct handler_schema *handler;
    void *handler_settings; /* handler->settings_bytes, filled by handler->rows */
    int line;
};

struct log_config {
    enum log_level level;
    enum log_format format;
    enum log_target target;
    char *path; /* with LOG_TARGET_FILE */
    bool access;
};

/* Where the process is asked about itself, and told what to do. */
struct admin_config {
    struct listener_config listener; /* has neither a name nor TLS; first: rows apply to it */
    char *token_file;                /* path, or NULL */
};

struct config {
    uint32_t workers; /* 0: auto */
    char *user;
    char *group;
    char *pid_file;
    struct log_config log;
    struct listener_config *listeners;
    size_t listener_count;
    struct limits_config limits;
    struct timeouts_config timeouts;
    struct route_settings defaults;
    struct route_config *routes;
    size_t route_count;
    struct admin_config *admin; /* NULL: nobody can ask */
};

/*
 * Reads and checks a file. `handlers` is a NULL-terminated array of what `handler:` may name.
 * `check`, unless it is NULL, checks what this module cannot; `argument` is handed through. It sees
 * what could be read, even if there were errors: what could not is zero or NULL there, and the
 * elements of a list have the indices that they have in the file. Returns NULL when there was any
 * error; errors and warnings are collected in `errors`. Free with config_free, which accepts NULL.
 */
typedef void config_check(const struct config *config, struct config_errors *errors,
                          const void *argument);
struct config *config_load(const char *path, const struct handler_schema *const *handlers,
                           config_check *check, const void *argument, struct config_errors *errors);
void config_free(struct config *config);

/* Frees what one route holds, as config_free does; all zero is allowed. */
void config_route_clear(struct route_config *route);

/* Writes the effective configuration as YAML that config_load reads back to the same. */
void config_dump(const struct config *config, FILE *stream);

/* What config_dump would write of one route if its on_reload were `keep`, to be freed: equal texts
 * mean the same for connections. NULL when memory is short. */
char *config_route_text(const struct route_config *route);

/* What config_dump writes of a top-level key, to be freed. NULL when memory is short. */
char *config_key_text(const struct config *config, const struct schema_row *row);

#endif

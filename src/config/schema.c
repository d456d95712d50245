/*
 * The rows of the whole file, from the innermost mapping to the outermost.
 */
#include "config/schema.h"

#include "config/checks.h"

enum {
    SECOND_MS = 1000,
    HOUR_MS = 3600 * SECOND_MS,
    DAY_MS = 24 * HOUR_MS,
    KIB = 1 << 10,
    MIB = 1 << 20,
    GIB = 1 << 30,
};

#define YEAR_MS (365 * (uint64_t)DAY_MS)

static const struct schema_choice workers_choices[] = {{"auto", 0}, {NULL, 0}};

const struct schema_choice schema_log_levels[] = {
    {"error", LOG_LEVEL_ERROR}, {"warning", LOG_LEVEL_WARNING}, {"notice", LOG_LEVEL_NOTICE},
    {"info", LOG_LEVEL_INFO},   {"debug", LOG_LEVEL_DEBUG},     {NULL, 0}};

static const struct schema_choice log_formats[] = {
    {"text", LOG_FORMAT_TEXT}, {"json", LOG_FORMAT_JSON}, {NULL, 0}};

static const struct schema_choice tls_versions[] = {
    {"1.2", TLS_VERSION_1_2}, {"1.3", TLS_VERSION_1_3}, {NULL, 0}};

static const struct schema_choice client_auths[] = {{"none", CLIENT_AUTH_NONE},
                                                    {"optional", CLIENT_AUTH_OPTIONAL},
                                                    {"required", CLIENT_AUTH_REQUIRED},
                                                    {NULL, 0}};

static const struct schema_choice on_reloads[] = {
    {"keep", ON_RELOAD_KEEP}, {"close", ON_RELOAD_CLOSE}, {NULL, 0}};
static const struct schema_choice queue_policies[] = {
    {"close", QUEUE_POLICY_CLOSE}, {"drop", QUEUE_POLICY_DROP}, {NULL, 0}};

static const struct schema_row log_rows[] = {
    {.name = "level",
     SCHEMA_ENUM(struct log_config, level, schema_log_levels),
     .fallback = "info",
     .help = "the least important lines that are written"},
    {.name = "format",
     SCHEMA_ENUM(struct log_config, format, log_formats),
     .fallback = "text",
     .help = "how a line is written"},
    {.name = "target",
     .type = &schema_log_target,
     .fallback = "stderr",
     .help = "where lines go: stderr, syslog, or the absolute path of a file"},
    {.name = "access",
     SCHEMA_BOOL(struct log_config, access),
     .fallback = "false",
     .help = "one line when a connection opens and one when it closes"},
    {.name = NULL},
};

static const struct schema_row certificate_rows[] = {
    {.name = "certificate",
     SCHEMA_PATH(struct certificate_config, certificate),
     .required = true,
     .help = "PEM file: the certificate, then its chain"},
    {.name = "private_key",
     SCHEMA_PATH(struct certificate_config, private_key),
     .required = true,
     .help = "PEM file: the certificate's private key"},
    {.name = NULL},
};

static const struct schema_row tls_rows[] = {
    {.name = "certificates",
     SCHEMA_LIST(struct tls_config, certificates, certificate_count, 1000, certificate_rows),
     .required = true,
     .help = "chosen by the name that the client asks for; the first is the default"},
    {.name = "min_version",
     SCHEMA_ENUM(struct tls_config, min_version, tls_versions),
     .fallback = "1.2",
     .help = "the oldest version of TLS that is spoken"},
    {.name = "client_auth",
     SCHEMA_ENUM(struct tls_config, client_auth, client_auths),
     .fallback = "none",
     .help = "whether clients are asked for a certificate"},
    {.name = "client_ca",
     SCHEMA_PATH(struct tls_config, client_ca),
     .help = "PEM file: who signs the clients' certificates"},
    {.name = "reload_on_change",
     SCHEMA_BOOL(struct tls_config, reload_on_change),
     .fallback = "false",
     .help = "whether these files are read again when they change"},
    {.name = NULL},
};

#define UNIX_ONLY "only a listener with a unix: address has one"

static const struct schema_row listener_rows[] = {
    {.name = "name",
     SCHEMA_STRING(struct listener_config, name),
     .required = true,
     .help = "what the log calls the listener; every listener has its own"},
    {.name = "address",
     .type = &schema_addresses,
     SCHEMA_FIELD(struct listener_config, addresses),
     .required = true,
     .help = "host:port, [v6]:port, :port, unix:/path, systemd:NAME, or a list of them"},
    {.name = "tls",
     SCHEMA_OPTIONAL(struct listener_config, tls, tls_rows),
     .check = check_tls,
     .help = "present: TLS is spoken; absent: it is not"},
    {.name = "mode",
     SCHEMA_MODE(struct listener_config, mode),
     .fallback = "0660",
     .applies = listener_has_unix_address,
     .applies_to = UNIX_ONLY,
     .help = "permissions of the unix socket"},
    {.name = "owner",
     SCHEMA_STRING(struct listener_config, owner),
     .applies = listener_has_unix_address,
     .applies_to = UNIX_ONLY,
     .help = "user that owns the unix socket"},
    {.name = "group",
     SCHEMA_STRING(struct listener_config, group),
     .applies = listener_has_unix_address,
     .applies_to = UNIX_ONLY,
     .help = "group of the unix socket"},
    {.name = NULL},
};

static const struct schema_row limits_rows[] = {
    {.name = "connections",
     SCHEMA_INTEGER(struct limits_config, connections, 1, 10000000),
     .fallback = "100000",
     .help = "connections of the whole process"},
    {.name = "pending",
     SCHEMA_INTEGER(struct limits_config, pending, 1, 1000000),
     .fallback = "2000",
     .help = "connections that are accepted and not yet upgraded"},
    {.name = "request_line",
     SCHEMA_SIZE(struct limits_config, request_line_bytes, 64, 64 * KIB),
     .fallback = "4KiB",
     .help = "the request line of a handshake; 414 beyond"},
    {.name = "header_size",
     SCHEMA_SIZE(struct limits_config, header_bytes, 256, MIB),
     .fallback = "8KiB",
     .help = "the whole head of a handshake; 431 beyond"},
    {.name = "headers",
     SCHEMA_INTEGER(struct limits_config, headers, 5, 1000),
     .fallback = "64",
     .help = "header fields of a handshake; 431 beyond"},
    {.name = NULL},
};

static const struct schema_row timeouts_rows[] = {
    {.name = "handshake",
     SCHEMA_DURATION(struct timeouts_config, handshake_ms, 1, HOUR_MS),
     .fallback = "10s",
     .help = "from accepting a connection to its 101, TLS included"},
    {.name = "tls",
     SCHEMA_DURATION(struct timeouts_config, tls_ms, 1, HOUR_MS),
     .fallback = "5s",
     .help = "how much of that the TLS handshake may take"},
    {.name = "send",
     SCHEMA_DURATION(struct timeouts_config, send_ms, 1, DAY_MS),
     .fallback = "60s",
     .help = "how long a peer may take nothing of what waits for it"},
    {.name = "close",
     SCHEMA_DURATION(struct timeouts_config, close_ms, 1, HOUR_MS),
     .fallback = "3s",
     .help = "from our Close frame to the peer's"},
    {.name = "linger",
     SCHEMA_DURATION(struct timeouts_config, linger_ms, 1, HOUR_MS),
     .fallback = "2s",
     .help = "from both Close frames to the peer's end of the TCP connection"},
    {.name = "drain",
     SCHEMA_DURATION(struct timeouts_config, drain_ms, 1, DAY_MS),
     .fallback = "30s",
     .help = "how long stopping may take, and over what time connections leave when draining"},
    {.name = "drain_delay",
     SCHEMA_DURATION(struct timeouts_config, drain_delay_ms, 0, HOUR_MS),
     .fallback = "0s",
     .help = "from being told to drain to closing the listeners"},
    {.name = NULL},
};

static const struct schema_row send_queue_rows[] = {
    {.name = "size",
     SCHEMA_SIZE(struct route_settings, send_queue_bytes, KIB, GIB),
     .fallback = "1MiB",
     .help = "what may wait for one slow reader"},
    {.name = "policy",
     SCHEMA_ENUM(struct route_settings, send_queue_policy, queue_policies),
     .fallback = "close",
     .help = "what happens to a reader whose queue is full"},
    {.name = NULL},
};

static const struct schema_row route_settings_rows[] = {
    {.name = "origins",
     .type = &schema_origins,
     .fallback = "any",
     .help = "the web pages that may connect: any, or a list of origins"},
    {.name = "subprotocols",
     .type = &schema_subprotocols,
     SCHEMA_FIELD(struct route_settings, subprotocols),
     .fallback = "[]",
     .help = "subprotocols that may be selected, the preferred one first"},
    {.name = "max_message_size",
     SCHEMA_SIZE(struct route_settings, max_message_bytes, 1, 256 * MIB),
     .fallback = "1MiB",
     .help = "the largest message that a client may send; 1009 beyond"},
    {.name = "max_fragments",
     SCHEMA_INTEGER(struct route_settings, max_fragments, 1, 1 << 24),
     .fallback = "65536",
     .help = "fragments of one message; 1008 beyond"},
    {.name = "ping_interval",
     SCHEMA_DURATION(struct route_settings, ping_interval_ms, 0, DAY_MS),
     .fallback = "25s",
     .help = "how long a connection may be silent before it is sent a Ping; 0s: none is sent"},
    {.name = "ping_timeout",
     SCHEMA_DURATION(struct route_settings, ping_timeout_ms, 1, HOUR_MS),
     .fallback = "10s",
     .help = "how long the peer may then go on being silent"},
    {.name = "idle_timeout",
     SCHEMA_DURATION(struct route_settings, idle_timeout_ms, 0, YEAR_MS),
     .fallback = "0s",
     .help = "how long a connection may be without a message; 0s: for ever"},
    {.name = "max_connection_age",
     SCHEMA_DURATION(struct route_settings, max_connection_age_ms, 0, YEAR_MS),
     .fallback = "0s",
     .help = "how long a connection may live; 0s: for ever"},
    {.name = "send_queue",
     .shape = SHAPE_MAPPING,
     .rows = send_queue_rows,
     .help = "what waits for a slow reader"},
    {.name = "on_reload",
     SCHEMA_ENUM(struct route_settings, on_reload, on_reloads),
     .fallback = "keep",
     .help = "what becomes of connections made before a reload that changes their route"},
    {.name = NULL},
};

const struct schema_row schema_route_rows[] = {
    {.name = "path",
     .type = &schema_pattern,
     .required = true,
     .help = "the path that clients ask for; {name} is a segment, {rest*} the remainder"},
    {.name = "host",
     .type = &schema_host,
     SCHEMA_FIELD(struct route_config, host),
     .help = "the host that clients ask for: a name, or *. and a name"},
    {.name = "handler",
     .type = &schema_handler,
     .required = true,
     .help = "what happens to messages: a name, or a mapping of type and the handler's own keys"},
    {.name = "defaults", SCHEMA_INHERITED(struct route_config, settings, route_settings_rows)},
    {.name = NULL},
};

const struct schema_row schema_rows[] = {
    {.name = "workers",
     SCHEMA_INTEGER(struct config, workers, 1, 1024),
     .needs_restart = true,
     .choices = workers_choices,
     .fallback = "auto",
     .help = "threads that serve; auto: as many as there are CPUs to run on"},
    {.name = "user",
     SCHEMA_STRING(struct config, user),
     .needs_restart = true,
     .help = "user to become after binding, when started as root"},
    {.name = "group",
     SCHEMA_STRING(struct config, group),
     .needs_restart = true,
     .help = "group to become after binding, when started as root"},
    {.name = "pid_file",
     SCHEMA_PATH(struct config, pid_file),
     .needs_restart = true,
     .help = "file that holds the process id while the daemon runs"},
    {.name = "log", SCHEMA_MAPPING(struct config, log, log_rows), .help = "the log"},
    {.name = "listeners",
     SCHEMA_LIST(struct config, listeners, listener_count, 1000, listener_rows),
     .required = true,
     .check = check_listener,
     .help = "where connections come in"},
    {.name = "limits",
     SCHEMA_MAPPING(struct config, limits, limits_rows),
     .help = "what one process takes on"},
    {.name = "timeouts",
     SCHEMA_MAPPING(struct config, timeouts, timeouts_rows),
     .help = "how long others may take"},
    {.name = "defaults",
     SCHEMA_MAPPING(struct config, defaults, route_settings_rows),
     .help = "what every route inherits and may override"},
    {.name = "routes",
     SCHEMA_LIST(struct config, routes, route_count, 10000, schema_route_rows),
     .required = true,
     .check = check_route,
     .help = "what is served at which path; the first that matches is taken"},
    {.name = NULL},
};

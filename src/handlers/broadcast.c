/*
 * broadcast: what one member of a room sends, all others get.
 *
 * The room's name comes from a template over the captures of the route's path. Rooms of different
 * namespaces never meet; by default the namespace is the host together with the path pattern.
 */
#include "config/errors.h"
#include "config/schema.h"
#include "handlers/registry.h"
#include "handlers/rooms.h"
#include "protocol/frame.h"

#include <assert.h>
#include <string.h>

enum { NAMESPACE_MAX_BYTES = 1024 };

struct broadcast_settings {
    char *room;      /* template */
    char *namespace; /* "auto", or a name of its own */
    bool include_sender;
};

static const struct schema_row rows[] = {
    {.name = "room",
     SCHEMA_STRING(struct broadcast_settings, room),
     .fallback = "{name}",
     .help = "name of the room; {NAME} stands for what the path captured"},
    {.name = "namespace",
     SCHEMA_STRING(struct broadcast_settings, namespace),
     .fallback = "auto",
     .help = "rooms of different namespaces never meet; auto: the host and the route's path"},
    {.name = "include_sender",
     SCHEMA_BOOL(struct broadcast_settings, include_sender),
     .fallback = "false",
     .help = "whether a sender gets its own messages, too"},
    {.name = NULL},
};

/* ---- the template ---- */

/* One part of a template: literal text, or the name of a capture. */
struct template_part {
    struct slice text;
    bool is_capture;
};

/* Takes the next part off *rest; false at the end, and at a brace that has no other. */
static bool template_next(const char **rest, struct template_part *part)
{
    bool is_capture = **rest == '{';
    const char *start = *rest + (is_capture ? 1 : 0);
    size_t length = strcspn(start, "{}");

    if (is_capture ? start[length] != '}' : length == 0) {
        return false;
    }
    *part = (struct template_part){{start, length}, is_capture};
    *rest = start + length + (is_capture ? 1 : 0);
    return true;
}

static bool route_captures(const struct route_config *route, struct slice name)
{
    for (size_t i = 0; i < route->part_count; i++) {
        const struct path_part *part = &route->parts[i];

        if (part->type != PATH_PART_LITERAL && slice_equal(slice_of(part->text), name)) {
            return true;
        }
    }
    return false;
}

static void check_template(const struct route_config *route, struct config_errors *errors,
                           const char *rest)
{
    struct template_part part;

    while (template_next(&rest, &part)) {
        if (part.is_capture && !route_captures(route, part.text)) {
            config_handler_error(errors, "room", "the path %.64s does not capture {%.*s}",
                                 route->path, (int)part.text.length, part.text.data);
        }
    }
    if (*rest != '\0') {
        config_handler_error(errors, "room", "%s",
                             *rest == '{' ? "\"{\" without \"}\"" : "\"}\" without \"{\"");
    }
}

static void broadcast_check(const struct route_config *route, struct config_errors *errors)
{
    const struct broadcast_settings *settings = route->handler_settings;

    if (strlen(route->path) > NAMESPACE_MAX_BYTES - 256) {
        config_handler_error(errors, "namespace", "the path is too long for one");
    }
    check_template(route, errors, settings->room);
}

/* check_template has seen to it that the path captures what the template names. */
static struct slice capture_value(const struct upgrade_info *info, struct slice name)
{
    size_t i = 0;

    while (i < info->capture_count && !slice_equal(slice_of(info->captures[i].name), name)) {
        i++;
    }
    assert(i < info->capture_count);
    return info->captures[i].value;
}

/* Adds to a buffer of `capacity` bytes; false when it does not fit. */
static bool append(char *buffer, size_t capacity, size_t *length, struct slice text)
{
    if (text.length > capacity - *length) {
        return false;
    }
    memcpy(buffer + *length, text.data, text.length);
    *length += text.length;
    return true;
}

/* Writes the room's name; false when it is longer than ROOM_NAME_MAX_BYTES. */
static bool room_name(const char *template, const struct upgrade_info *info, char *name,
                      size_t *length)
{
    struct template_part part;

    *length = 0;
    while (template_next(&template, &part)) {
        struct slice text = part.is_capture ? capture_value(info, part.text) : part.text;

        if (!append(name, ROOM_NAME_MAX_BYTES, length, text)) {
            return false;
        }
    }
    return true;
}

/* A host has no "/", and a pattern begins with one: the two cannot be confused. */
static struct slice room_namespace(const struct broadcast_settings *settings,
                                   const struct upgrade_info *info, char *buffer)
{
    size_t length = 0;

    if (strcmp(settings->namespace, "auto") != 0) {
        return slice_of(settings->namespace);
    }
    append(buffer, NAMESPACE_MAX_BYTES, &length, info->host);
    append(buffer, NAMESPACE_MAX_BYTES, &length, slice_of(info->pattern));
    return (struct slice){buffer, length};
}

/* ---- the callbacks ---- */

static enum upgrade_decision broadcast_upgrade(struct conn *conn, const struct upgrade_info *info,
                                               int *status, const char **reason)
{
    const struct broadcast_settings *settings = conn_handler_settings(conn);
    char name[ROOM_NAME_MAX_BYTES];
    char namespace[NAMESPACE_MAX_BYTES];
    size_t length;

    if (!room_name(settings->room, info, name, &length)) {
        *status = 404;
        *reason = "The name of the room is too long.";
        return UPGRADE_REFUSE;
    }
    if (!room_join(conn, conn_state(conn), room_namespace(settings, info, namespace),
                   (struct slice){name, length})) {
        *status = 503;
        *reason = "The server is short of memory.";
        return UPGRADE_REFUSE;
    }
    return UPGRADE_ACCEPT;
}

static void broadcast_message(struct conn *conn, enum message_type type, const uint8_t *bytes,
                              size_t length)
{
    const struct broadcast_settings *settings = conn_handler_settings(conn);

    if (!room_publish(conn_state(conn), type, bytes, length, settings->include_sender)) {
        conn_close(conn, CLOSE_TRY_LATER, "memory is short: the message was not published");
    }
}

static bool broadcast_caught_up(struct conn *conn, uint64_t *mark)
{
    return room_caught_up(conn_state(conn), mark);
}

static const struct relay_member *broadcast_membership(const struct conn *conn)
{
    const struct room_member *member = conn_state(conn);

    return &member->member;
}

static void broadcast_close(struct conn *conn)
{
    room_leave(conn_state(conn));
}

const struct handler broadcast_handler = {
    .schema = {.name = "broadcast",
               .help = "sends what one member of a room sends to all others",
               .rows = rows,
               .settings_bytes = sizeof(struct broadcast_settings),
               .check = broadcast_check},
    .state_bytes = sizeof(struct room_member),
    .on_upgrade = broadcast_upgrade,
    .on_message = broadcast_message,
    .is_caught_up = broadcast_caught_up,
    .membership = broadcast_membership,
    .on_close = broadcast_close,
};

/*
 * Loads configurations that stand in a test.
 */
#include "config_fixture.h"

#include "config/errors.h"
#include "config/schema.h"

#include <check.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

char *fixture_messages;

static void refuse_room(const struct route_config *route, struct config_errors *errors)
{
    const struct fixture_settings *settings = route->handler_settings;

    if (strcmp(settings->room, "refused") == 0) {
        config_handler_error(errors, "room", "refused");
    }
    if (settings->include_sender && strcmp(settings->room, "{name}") == 0) {
        config_handler_error(errors, "room", "does not go with include_sender");
    }
}

static const struct schema_row rows[] = {
    {.name = "room",
     SCHEMA_STRING(struct fixture_settings, room),
     .fallback = "{name}",
     .help = "name of the room"},
    {.name = "include_sender",
     SCHEMA_BOOL(struct fixture_settings, include_sender),
     .fallback = "false",
     .help = "whether a sender gets its own messages"},
    {.name = NULL},
};

static const struct handler_schema echo = {.name = "echo", .help = "sends back"};
static const struct handler_schema broadcast = {.name = "broadcast",
                                                .help = "sends to all others",
                                                .rows = rows,
                                                .settings_bytes = sizeof(struct fixture_settings),
                                                .check = refuse_room};

const struct handler_schema *const fixture_handlers[] = {&broadcast, &echo, NULL};

static void write_file(const char *path, const char *text)
{
    FILE *file = fopen(path, "w");

    ck_assert_ptr_nonnull(file);
    ck_assert_int_ge(fputs(text, file), 0);
    ck_assert_int_eq(fclose(file), 0);
}

static void keep_messages(const struct config_errors *errors)
{
    size_t length;
    FILE *stream;

    free(fixture_messages);
    fixture_messages = NULL;
    stream = open_memstream(&fixture_messages, &length);
    ck_assert_ptr_nonnull(stream);
    config_errors_print(errors, stream);
    ck_assert_int_eq(fclose(stream), 0);
}

struct config *fixture_load(const char *text)
{
    return fixture_load_checked(text, NULL);
}

typedef void fixture_check(const struct config *config, struct config_errors *errors);

static void run_check(const struct config *config, struct config_errors *errors,
                      const void *argument)
{
    fixture_check *const *check = argument;

    if (*check != NULL) {
        (*check)(config, errors);
    }
}

struct config *fixture_load_checked(const char *text, void (*check)(const struct config *config,
                                                                    struct config_errors *errors))
{
    char path[] = "/tmp/wsrelayd-test-XXXXXX";
    struct config_errors errors;
    struct config *config;

    close(mkstemp(path));
    write_file(path, text);
    config_errors_init(&errors, "test.yaml");
    config = config_load(path, fixture_handlers, run_check, &check, &errors);
    unlink(path);

    ck_assert_int_eq(config == NULL, errors.error_count > 0);
    keep_messages(&errors);
    config_errors_free(&errors);
    return config;
}

struct config *fixture_load_good(const char *text)
{
    struct config *config = fixture_load(text);

    ck_assert_str_eq(fixture_messages, "");
    return config;
}

char *fixture_dump(const struct config *config)
{
    char *text = NULL;
    size_t length;
    FILE *stream = open_memstream(&text, &length);

    ck_assert_ptr_nonnull(stream);
    config_dump(config, stream);
    ck_assert_int_eq(fclose(stream), 0);
    return text;
}

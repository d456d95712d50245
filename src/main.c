/*
 * wsrelayd: the command line, the configuration, and then the server.
 */
#include "admin/admin.h"
#include "base/log.h"
#include "config/config.h"
#include "config/errors.h"
#include "handlers/registry.h"
#include "handlers/rooms.h"
#include "net/listener_check.h"
#include "options.h"
#include "protocol/payload.h"
#include "server/check.h"
#include "server/notify.h"
#include "server/reload.h"
#include "server/server.h"
#include "server/signal_feed.h"

#include <errno.h>
#include <event2/event.h>
#include <jansson.h>
#include <openssl/crypto.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <yaml.h>

enum { EXIT_USAGE = 2 };

static void print_build_info(void)
{
    printf("wsrelayd %s\nlibevent %s\n%s\nlibyaml %s\njansson %s\nconfiguration %s\n",
           WSRELAYD_VERSION, event_get_version(), OpenSSL_version(OPENSSL_VERSION),
           yaml_get_version_string(), JANSSON_VERSION, OPTIONS_DEFAULT_CONFIG);
}

static void check_start(const struct config *config, struct config_errors *errors,
                        const void *argument)
{
    (void)argument;
    listener_check(config, errors);
    server_check(config, errors);
    admin_check(config, errors);
}

/* Tells the service manager, whose people may look there first, of the first error. */
static void notify_errors(const struct config_errors *errors)
{
    for (size_t i = 0; i < errors->message_count; i++) {
        if (errors->messages[i].is_error) {
            notify_failed(EINVAL, errors->messages[i].text);
            return;
        }
    }
}

/* Loads the file and prints what is wrong with it; NULL when it cannot be used. */
static struct config *load(const struct options *options)
{
    struct config_errors errors;
    struct config *config;

    config_errors_init(&errors, options->config_path);
    config = config_load(options->config_path, handler_registry,
                         options->action == ACTION_CHECK ? check_start : NULL, NULL, &errors);
    config_errors_print(&errors, stderr);
    notify_errors(&errors);
    config_errors_free(&errors);
    return config;
}

/* Takes over the configuration. */
static int serve(const struct options *options, struct config *config)
{
    const struct config_source source = {.path = options->config_path,
                                         .handlers = handler_registry,
                                         .level_is_fixed = options->log_level_set,
                                         .level = options->log_level};
    const struct log_config *log = &config->log;
    enum log_level level = config_source_level(&source, config);
    int error = log_configure(level, log->format, log->target, log->path);

    if (error != 0) {
        log_error("cannot open the log file", LOG_TEXT("path", log->path),
                  LOG_TEXT("error", strerror(error)));
        notify_failed(error, "cannot open the log file");
        config_free(config);
        return EXIT_FAILURE;
    }
    protocol_choose_kernels();
    return server_run(&source, config, room_deliver, &admin_companion) == 0 ? EXIT_SUCCESS
                                                                            : EXIT_FAILURE;
}

static int with_config(const struct options *options)
{
    struct config *config = load(options);

    if (config == NULL) {
        return EXIT_FAILURE;
    }
    if (options->action == ACTION_SERVE) {
        return serve(options, config);
    }
    if (options->action == ACTION_CHECK) {
        printf("%s: the configuration is in order\n", options->config_path);
    } else {
        config_dump(config, stdout);
    }
    config_free(config);
    return EXIT_SUCCESS;
}

static int run(const struct options *options)
{
    int status;

    switch (options->action) {
    case ACTION_HELP:
        options_print_help(stdout);
        return EXIT_SUCCESS;
    case ACTION_VERSION:
        puts("wsrelayd " WSRELAYD_VERSION);
        return EXIT_SUCCESS;
    case ACTION_BUILD_INFO:
        print_build_info();
        return EXIT_SUCCESS;
    case ACTION_SERVE:
        signal_feed_hold();
        notify_open();
        status = with_config(options);
        notify_close();
        return status;
    default:
        return with_config(options);
    }
}

/* A full disk shows when the last of the output leaves its buffer, or has shown before. */
static bool output_written(void)
{
    bool failed_before = ferror(stdout) != 0;

    if (fflush(stdout) == 0 && !failed_before) {
        return true;
    }
    fprintf(stderr, "wsrelayd: cannot write to standard output: %s\n", strerror(errno));
    return false;
}

int main(int argc, char **argv)
{
    struct options options;
    int status;

    if (!options_parse(argc, argv, &options)) {
        return EXIT_USAGE;
    }
    status = run(&options);
    return output_written() ? status : EXIT_FAILURE;
}

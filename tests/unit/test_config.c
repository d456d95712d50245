/*
 * Tests of config/config.c, reader.c and checks.c: whole files.
 */
#include "config/config.h"

#include "config/errors.h"
#include "config_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

#define NO_ANCHORS "anchors are not supported (what routes share belongs into \"defaults\")\n"

static struct config *config;

static void prepare(void)
{
    config = NULL;
}

static void clean_up(void)
{
    config_free(config);
}

START_TEST(test_a_file_that_says_little_gets_every_default)
{
    config = fixture_load_good(FIXTURE_MINIMAL);
    ck_assert_uint_eq(config->workers, 0);
    ck_assert_ptr_null(config->user);
    ck_assert_ptr_null(config->group);
    ck_assert_ptr_null(config->pid_file);
    ck_assert_int_eq(config->log.level, LOG_LEVEL_INFO);
    ck_assert_int_eq(config->log.format, LOG_FORMAT_TEXT);
    ck_assert_int_eq(config->log.target, LOG_TARGET_STDERR);
    ck_assert(!config->log.access);
    ck_assert_uint_eq(config->limits.connections, 100000);
    ck_assert_uint_eq(config->limits.pending, 2000);
    ck_assert_uint_eq(config->limits.request_line_bytes, 4096);
    ck_assert_uint_eq(config->limits.header_bytes, 8192);
    ck_assert_uint_eq(config->limits.headers, 64);
    ck_assert_int_eq(config->timeouts.handshake_ms, 10000);
    ck_assert_int_eq(config->timeouts.tls_ms, 5000);
    ck_assert_int_eq(config->timeouts.send_ms, 60000);
    ck_assert_int_eq(config->timeouts.close_ms, 3000);
    ck_assert_int_eq(config->timeouts.linger_ms, 2000);
    ck_assert_int_eq(config->timeouts.drain_ms, 30000);
}
END_TEST

START_TEST(test_a_route_that_says_little_gets_every_default)
{
    config = fixture_load_good(FIXTURE_MINIMAL);
    ck_assert_uint_eq(config->route_count, 1);
    const struct route_settings *settings = &config->routes[0].settings;
    ck_assert(settings->any_origin);
    ck_assert_uint_eq(settings->subprotocols.count, 0);
    ck_assert_uint_eq(settings->max_message_bytes, 1 << 20);
    ck_assert_uint_eq(settings->max_fragments, 65536);
    ck_assert_int_eq(settings->ping_interval_ms, 25000);
    ck_assert_int_eq(settings->ping_timeout_ms, 10000);
    ck_assert_int_eq(settings->idle_timeout_ms, 0);
    ck_assert_int_eq(settings->max_connection_age_ms, 0);
    ck_assert_uint_eq(settings->send_queue_bytes, 1 << 20);
    ck_assert_int_eq(settings->send_queue_policy, QUEUE_POLICY_CLOSE);
}
END_TEST

START_TEST(test_listeners_are_read)
{
    config = fixture_load_good("listeners:\n"
                               "  - {name: plain, address: 'localhost:8080'}\n"
                               "  - name: secure\n"
                               "    address: [':8443', 'unix:/run/s']\n"
                               "    mode: 0600\n"
                               "    owner: me\n"
                               "    tls:\n"
                               "      certificates:\n"
                               "        - {certificate: a.pem, private_key: a.key}\n"
                               "        - {certificate: b.pem, private_key: b.key}\n"
                               "      min_version: 1.3\n"
                               "      client_auth: required\n"
                               "      client_ca: ca.pem\n" FIXTURE_ROUTES);
    ck_assert_uint_eq(config->listener_count, 2);
    ck_assert_str_eq(config->listeners[0].name, "plain");
    ck_assert_ptr_null(config->listeners[0].tls);

    const struct listener_config *secure = &config->listeners[1];
    ck_assert_uint_eq(secure->addresses.count, 2);
    ck_assert_str_eq(secure->addresses.items[1], "unix:/run/s");
    ck_assert_uint_eq(secure->mode, 0600);
    ck_assert_str_eq(secure->owner, "me");
    ck_assert_ptr_null(secure->group);
    ck_assert_uint_eq(secure->tls->certificate_count, 2);
    ck_assert_str_eq(secure->tls->certificates[0].certificate, "a.pem");
    ck_assert_str_eq(secure->tls->certificates[1].private_key, "b.key");
    ck_assert_int_eq(secure->tls->min_version, TLS_VERSION_1_3);
    ck_assert_int_eq(secure->tls->client_auth, CLIENT_AUTH_REQUIRED);
    ck_assert_str_eq(secure->tls->client_ca, "ca.pem");
}
END_TEST

START_TEST(test_a_unix_socket_has_mode_0660_unless_told_otherwise)
{
    config = fixture_load_good("listeners: [{name: a, address: 'unix:/x'}]\n" FIXTURE_ROUTES);
    ck_assert_uint_eq(config->listeners[0].mode, 0660);
}
END_TEST

START_TEST(test_routes_are_read)
{
    config = fixture_load_good(FIXTURE_LISTENERS
                               "routes:\n"
                               "  - path: /Room/{name}\n"
                               "    host: '*.Example.ORG'\n"
                               "    handler: {type: broadcast, include_sender: true, room: x}\n"
                               "  - {path: '/', handler: {type: echo}}\n");
    const struct route_config *route = &config->routes[0];
    const struct fixture_settings *settings = route->handler_settings;
    ck_assert_str_eq(route->path, "/Room/{name}");
    ck_assert_uint_eq(route->part_count, 2);
    ck_assert_str_eq(route->host, "*.example.org");
    ck_assert_int_eq(route->line, 3);
    ck_assert_ptr_eq(route->handler, fixture_handlers[0]);
    ck_assert_str_eq(settings->room, "x");
    ck_assert(settings->include_sender);
    ck_assert_ptr_null(config->routes[1].host);
    ck_assert_str_eq(config->routes[1].handler->name, "echo");
}
END_TEST

START_TEST(test_hosts_and_origins_are_kept_in_the_form_in_which_they_are_compared)
{
    config = fixture_load_good(FIXTURE_LISTENERS
                               "routes: [{path: /, handler: echo, host: '[0:0::1]', "
                               "origins: ['HTTPS://[0::1]:443', 'http://A.b:443']}]\n");
    ck_assert_str_eq(config->routes[0].host, "[::1]");
    ck_assert_str_eq(config->routes[0].settings.origins.items[0], "https://[::1]");
    ck_assert_str_eq(config->routes[0].settings.origins.items[1], "http://a.b:443");
}
END_TEST

START_TEST(test_the_keys_of_a_handler_that_is_only_named_have_their_defaults)
{
    config =
        fixture_load_good(FIXTURE_LISTENERS "routes: [{path: '/{name}', handler: broadcast}]\n");
    const struct fixture_settings *settings = config->routes[0].handler_settings;
    ck_assert_str_eq(settings->room, "{name}");
    ck_assert(!settings->include_sender);
}
END_TEST

START_TEST(test_a_route_inherits_each_key_by_itself)
{
    config = fixture_load_good(FIXTURE_LISTENERS "defaults:\n"
                                                 "  origins: [https://a.org, https://b.org]\n"
                                                 "  subprotocols: chat\n"
                                                 "  max_message_size: 2MiB\n"
                                                 "  send_queue: {size: 3MiB}\n"
                                                 "routes:\n"
                                                 "  - {path: /a, handler: echo}\n"
                                                 "  - path: /b\n"
                                                 "    handler: echo\n"
                                                 "    origins: any\n"
                                                 "    subprotocols: []\n"
                                                 "    send_queue: {policy: close}\n"
                                                 "    ping_interval: 0s\n");
    const struct route_settings *a = &config->routes[0].settings;
    const struct route_settings *b = &config->routes[1].settings;
    ck_assert(!a->any_origin);
    ck_assert_uint_eq(a->origins.count, 2);
    ck_assert_str_eq(a->origins.items[1], "https://b.org");
    ck_assert_str_eq(a->subprotocols.items[0], "chat");
    ck_assert_uint_eq(a->max_message_bytes, 2 << 20);
    ck_assert_uint_eq(a->send_queue_bytes, 3 << 20);
    ck_assert_int_eq(a->ping_interval_ms, 25000);

    ck_assert(b->any_origin);
    ck_assert_uint_eq(b->origins.count, 0);
    ck_assert_uint_eq(b->subprotocols.count, 0);
    ck_assert_uint_eq(b->max_message_bytes, 2 << 20);
    ck_assert_uint_eq(b->send_queue_bytes, 3 << 20);
    ck_assert_int_eq(b->ping_interval_ms, 0);
    ck_assert_int_eq(config->defaults.ping_interval_ms, 25000);
}
END_TEST

START_TEST(test_a_mistake_in_defaults_is_reported_once_however_many_routes_inherit_it)
{
    config = fixture_load("defaults: {max_fragments: 0, send_queue: {size: 1}}\n" FIXTURE_LISTENERS
                          "routes:\n"
                          "  - {path: /a, handler: echo}\n"
                          "  - {path: /b, handler: echo, send_queue: {policy: close}}\n");
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:1:27: error: defaults.max_fragments: 0 is out of range (1 to 16777216)\n"
        "test.yaml:1:49: error: defaults.send_queue.size: 1 needs a unit (one of: B, KB, KiB, MB, "
        "MiB, GB, GiB), as in 64KiB\n");
}
END_TEST

START_TEST(test_dropping_is_an_error_where_it_stands_however_many_routes_inherit_it)
{
    config = fixture_load("defaults: {send_queue: {policy: drop}}\n" FIXTURE_LISTENERS "routes:\n"
                          "  - {path: /a, handler: echo}\n"
                          "  - {path: /b, handler: echo}\n"
                          "  - {path: /c, handler: echo, send_queue: {policy: close}}\n"
                          "  - {path: /d, handler: echo, send_queue: {policy: drop}}\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:33: error: defaults.send_queue.policy: \"drop\" would lose "
                     "messages silently: the clients of the handler echo cannot be told of a gap "
                     "(write close)\n"
                     "test.yaml:7:52: error: routes[3].send_queue.policy: \"drop\" would lose "
                     "messages silently: the clients of the handler echo cannot be told of a gap "
                     "(write close)\n");
}
END_TEST

START_TEST(test_an_error_keeps_nothing_else_from_being_checked)
{
    config = fixture_load(
        "listeners:\n"
        "  - {name: a, address: [':1', 'x'], mode: 0600, nme: a}\n"
        "  - {name: a, address: ':2', tls: {certificates: [], client_auth: required, x: 1}}\n"
        "  - {name: b, address: 'unix:x', mode: 0600}\n"
        "routes:\n"
        "  - {path: /, handler: {type: broadcast, room: refused, rom: x}, idle_timeout: 5}\n"
        "  - {path: x, handler: echo, send_queue: {policy: drop, size: 0}}\n");
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:2:31: error: listeners[0].address[1]: \"x\": not an address (host:port, "
        "[v6]:port, :port, unix:/path or systemd:NAME)\n"
        "test.yaml:2:37: error: listeners[0].mode: only a listener with a unix: address has one\n"
        "test.yaml:2:49: error: listeners[0].nme: unknown key (did you mean \"name\"?)\n"
        "test.yaml:3:12: error: listeners[1].name: \"a\" is also the name of listeners[0]\n"
        "test.yaml:3:50: error: listeners[1].tls.certificates: empty: at least one is needed\n"
        "test.yaml:3:67: error: listeners[1].tls.client_auth: needs client_ca, the certificate "
        "that the clients' are checked against\n"
        "test.yaml:3:77: error: listeners[1].tls.x: unknown key\n"
        "test.yaml:4:24: error: listeners[2].address: \"unix:x\": the path of a unix socket must "
        "begin with /\n"
        "test.yaml:6:48: error: routes[0].handler.room: refused\n"
        "test.yaml:6:57: error: routes[0].handler.rom: unknown key (did you mean \"room\"?)\n"
        "test.yaml:6:80: error: routes[0].idle_timeout: 5 needs a unit (one of: ms, s, m, h), as "
        "in "
        "10s\n"
        "test.yaml:7:12: error: routes[1].path: a path begins with /\n"
        "test.yaml:7:51: error: routes[1].send_queue.policy: \"drop\" would lose messages "
        "silently: "
        "the clients of the handler echo cannot be told of a gap (write close)\n"
        "test.yaml:7:63: error: routes[1].send_queue.size: 0 needs a unit (one of: B, KB, KiB, MB, "
        "MiB, GB, GiB), as in 64KiB\n");
}
END_TEST

/* Settings that could not all be read would be NULL where a handler's check expects a text. */
START_TEST(test_a_handler_is_not_shown_settings_that_could_not_be_read)
{
    config =
        fixture_load(FIXTURE_LISTENERS "routes: [{path: /, handler: {type: broadcast, room: '', "
                                       "include_sender: true}}]\n");
    ck_assert_str_eq(fixture_messages, "test.yaml:2:53: error: routes[0].handler.room: empty: give "
                                       "it a value or leave the key out\n");
}
END_TEST

START_TEST(test_an_anchor_is_one_error_and_what_it_stands_on_is_read)
{
    config = fixture_load("base: &base {max_fragments: 1}\n"
                          "defaults: &other {max_fragments: 0, send_queue: !x {size: 1}}\n"
                          "user: &name ''\n" FIXTURE_MINIMAL);
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:7: error: base: " NO_ANCHORS
                     "test.yaml:2:11: error: defaults: " NO_ANCHORS
                     "test.yaml:2:34: error: defaults.max_fragments: 0 is out of range (1 to "
                     "16777216)\n"
                     "test.yaml:2:49: error: defaults.send_queue: tags are not supported\n"
                     "test.yaml:2:59: error: defaults.send_queue.size: 1 needs a unit (one of: B, "
                     "KB, KiB, MB, MiB, GB, GiB), as in 64KiB\n"
                     "test.yaml:3:7: error: user: " NO_ANCHORS);
}
END_TEST

static void check_whole(const struct config *whole, struct config_errors *errors)
{
    ck_assert_uint_eq(whole->listener_count, 2);
    ck_assert_ptr_null(whole->listeners[0].name);
    ck_assert_uint_eq(whole->listeners[1].addresses.count, 3);
    ck_assert_str_eq(whole->listeners[1].addresses.items[2], ":2");
    config_value_error(errors, "listeners[1].address[0]", "not reported twice");
    config_value_error(errors, "listeners[1].address[2]", "nobody's");
    config_value_error(errors, "listeners[0].address[0]", "mine");
    config_value_error(errors, "listeners[0].address[1]", "not there");
    config_value_warning(errors, "listeners[1].name", "short");
}

START_TEST(test_the_caller_s_check_sees_what_could_be_read)
{
    config = fixture_load_checked("listeners:\n"
                                  "  - {address: ':1'}\n"
                                  "  - {name: b, address: [x, [], ':2']}\n" FIXTURE_ROUTES,
                                  check_whole);
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml: error: listeners[0].address[1]: not there\n"
        "test.yaml:2:5: error: listeners[0].name: missing\n"
        "test.yaml:2:15: error: listeners[0].address: mine\n"
        "test.yaml:3:12: warning: listeners[1].name: short\n"
        "test.yaml:3:25: error: listeners[1].address[0]: \"x\": not an address (host:port, "
        "[v6]:port, :port, unix:/path or systemd:NAME)\n"
        "test.yaml:3:28: error: listeners[1].address[1]: must be a single value, not a list\n"
        "test.yaml:3:32: error: listeners[1].address[2]: nobody's\n");
}
END_TEST

START_TEST(test_listeners_and_routes_are_needed)
{
    config = fixture_load("workers: 1\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:1: error: listeners: missing: at least one is needed\n"
                     "test.yaml:1:1: error: routes: missing: at least one is needed\n");
    config = fixture_load("listeners: []\nroutes: []\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:12: error: listeners: empty: at least one is needed\n"
                     "test.yaml:2:9: error: routes: empty: at least one is needed\n");
    config = fixture_load("listeners: {name: a}\nroutes: /\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:12: error: listeners: must be a list, not a mapping\n"
                     "test.yaml:2:9: error: routes: must be a list, not a single value\n");
    config = fixture_load("listeners: [a]\n" FIXTURE_ROUTES);
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:1:13: error: listeners[0]: must be a mapping, not a single value\n");
}
END_TEST

START_TEST(test_the_file_must_be_a_mapping)
{
    config = fixture_load("[a, b]\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:1: error: the file must be a mapping of keys to values\n");
    config = fixture_load("word\n");
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:1: error: the file must be a mapping of keys to values\n");
}
END_TEST

START_TEST(test_two_listeners_must_not_have_one_name)
{
    config = fixture_load("listeners:\n"
                          "  - {name: a, address: ':1'}\n"
                          "  - {name: b, address: ':2'}\n"
                          "  - {name: a, address: ':3'}\n" FIXTURE_ROUTES);
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:4:12: error: listeners[2].name: \"a\" is also the name of listeners[0]\n");
}
END_TEST

START_TEST(test_every_error_is_reported_in_the_order_of_the_file)
{
    config = fixture_load("routes:\n"
                          "  - {path: /, handler: ech}\n"
                          "log: {level: loud}\n"
                          "workrs: 3\n"
                          "listeners:\n"
                          "  - {name: a, address: ':x'}\n");
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:2:24: error: routes[0].handler: unknown value \"ech\" (did you mean \"echo\"?)\n"
        "test.yaml:3:14: error: log.level: unknown value \"loud\" (one of: error, warning, notice, "
        "info, debug)\n"
        "test.yaml:4:1: error: workrs: unknown key (did you mean \"workers\"?)\n"
        "test.yaml:6:24: error: listeners[0].address: \":x\": the port must be a number from 0 to "
        "65535\n");
}
END_TEST

START_TEST(test_after_twenty_errors_the_others_are_counted)
{
    char text[1024] = "";

    for (int i = 0; i < 25; i++) {
        strcat(text, "x");
        text[strlen(text) - 1] = (char)('a' + i);
        strcat(text, "_: 1\n");
    }
    strcat(text, FIXTURE_MINIMAL);
    config = fixture_load(text);
    ck_assert_ptr_nonnull(strstr(fixture_messages, "test.yaml:20:1: error: t_: unknown key\n"
                                                   "test.yaml: and 5 more errors\n"));
}
END_TEST

START_TEST(test_what_yaml_refuses_brings_no_errors_of_the_schema)
{
    config = fixture_load("worker: 1\nx: [\n");
    ck_assert_ptr_null(strstr(fixture_messages, "worker"));
    config = fixture_load("user: ${NOT_DEFINED_HERE}\nlog: *x\n" FIXTURE_MINIMAL);
    ck_assert_str_eq(
        fixture_messages,
        "test.yaml:1:7: error: user: the variable NOT_DEFINED_HERE is not set\n"
        "test.yaml:2:6: error: log: aliases are not supported (what routes share belongs into "
        "\"defaults\")\n");
}
END_TEST

START_TEST(test_a_value_that_could_not_be_read_is_not_checked_further)
{
    config =
        fixture_load(FIXTURE_LISTENERS "routes: [{path: /, handler: '${NOT_DEFINED_HERE}'}]\n");
    ck_assert_str_eq(fixture_messages, "test.yaml:2:29: error: routes[0].handler: the variable "
                                       "NOT_DEFINED_HERE is not set\n");
    config = fixture_load("listeners: [{name: '${NOT_DEFINED_HERE}', address: ':0', mode: 0600}]\n"
                          "defaults: {send_queue: {policy: '$'}}\n" FIXTURE_ROUTES);
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:1:20: error: listeners[0].name: the variable NOT_DEFINED_HERE is "
                     "not set\n"
                     "test.yaml:1:58: error: listeners[0].mode: only a listener with a unix: "
                     "address has one\n"
                     "test.yaml:2:33: error: defaults.send_queue.policy: a lone \"$\": write "
                     "${NAME} for a variable and $$ for a dollar sign\n");
}
END_TEST

START_TEST(test_variables_stand_for_any_value)
{
    setenv("TEST_ADDRESS", ":9", 1);
    setenv("TEST_SIZE", "2MiB", 1);
    config = fixture_load_good("listeners: [{name: a, address: '${TEST_ADDRESS}'}]\n"
                               "defaults: {max_message_size: '${TEST_SIZE}'}\n" FIXTURE_ROUTES);
    ck_assert_str_eq(config->listeners[0].addresses.items[0], ":9");
    ck_assert_uint_eq(config->routes[0].settings.max_message_bytes, 2 << 20);
}
END_TEST

START_TEST(test_a_route_that_can_never_match_is_warned_about)
{
    config = fixture_load(FIXTURE_LISTENERS "routes:\n"
                                            "  - {path: '/a/{x}', handler: echo}\n"
                                            "  - {path: /a/b, handler: echo, host: a.org}\n"
                                            "  - {path: /b, handler: echo, host: a.org}\n"
                                            "  - {path: /b, handler: echo}\n"
                                            "  - {path: '/{all*}', handler: echo}\n"
                                            "  - {path: /c, handler: echo}\n");
    ck_assert_ptr_nonnull(config);
    ck_assert_str_eq(fixture_messages,
                     "test.yaml:4:12: warning: routes[1].path: never matches: routes[0] (line 3) "
                     "takes all that it could\n"
                     "test.yaml:8:12: warning: routes[5].path: never matches: routes[4] (line 7) "
                     "takes all that it could\n");
}
END_TEST

START_TEST(test_a_file_that_cannot_be_read_is_one_error)
{
    struct config_errors errors;

    config_errors_init(&errors, "/nonexistent/w.yaml");
    ck_assert_ptr_null(config_load("/nonexistent/w.yaml", fixture_handlers, NULL, NULL, &errors));
    ck_assert_uint_eq(errors.error_count, 1);
    ck_assert_str_eq(errors.messages[0].text,
                     "/nonexistent/w.yaml: error: cannot open: No such file or directory "
                     "(-c FILE names the file to read)");
    config_errors_free(&errors);
}
END_TEST

static TCase *good_files(void)
{
    TCase *tcase = tcase_create("good files");

    tcase_add_checked_fixture(tcase, prepare, clean_up);
    tcase_add_test(tcase, test_a_file_that_says_little_gets_every_default);
    tcase_add_test(tcase, test_a_route_that_says_little_gets_every_default);
    tcase_add_test(tcase, test_listeners_are_read);
    tcase_add_test(tcase, test_a_unix_socket_has_mode_0660_unless_told_otherwise);
    tcase_add_test(tcase, test_routes_are_read);
    tcase_add_test(tcase, test_hosts_and_origins_are_kept_in_the_form_in_which_they_are_compared);
    tcase_add_test(tcase, test_the_keys_of_a_handler_that_is_only_named_have_their_defaults);
    tcase_add_test(tcase, test_a_route_inherits_each_key_by_itself);
    tcase_add_test(tcase, test_variables_stand_for_any_value);
    tcase_add_test(tcase, test_a_route_that_can_never_match_is_warned_about);
    return tcase;
}

static TCase *bad_files(void)
{
    TCase *tcase = tcase_create("bad files");

    tcase_add_checked_fixture(tcase, prepare, clean_up);
    tcase_add_test(tcase,
                   test_a_mistake_in_defaults_is_reported_once_however_many_routes_inherit_it);
    tcase_add_test(tcase, test_dropping_is_an_error_where_it_stands_however_many_routes_inherit_it);
    tcase_add_test(tcase, test_an_error_keeps_nothing_else_from_being_checked);
    tcase_add_test(tcase, test_a_handler_is_not_shown_settings_that_could_not_be_read);
    tcase_add_test(tcase, test_an_anchor_is_one_error_and_what_it_stands_on_is_read);
    tcase_add_test(tcase, test_the_caller_s_check_sees_what_could_be_read);
    tcase_add_test(tcase, test_listeners_and_routes_are_needed);
    tcase_add_test(tcase, test_the_file_must_be_a_mapping);
    tcase_add_test(tcase, test_two_listeners_must_not_have_one_name);
    tcase_add_test(tcase, test_every_error_is_reported_in_the_order_of_the_file);
    tcase_add_test(tcase, test_after_twenty_errors_the_others_are_counted);
    tcase_add_test(tcase, test_what_yaml_refuses_brings_no_errors_of_the_schema);
    tcase_add_test(tcase, test_a_value_that_could_not_be_read_is_not_checked_further);
    tcase_add_test(tcase, test_a_file_that_cannot_be_read_is_one_error);
    return tcase;
}

static Suite *config_suite(void)
{
    Suite *suite = suite_create("config");

    suite_add_tcase(suite, good_files());
    suite_add_tcase(suite, bad_files());
    return suite;
}

int main(void)
{
    return suite_run(config_suite());
}

/*
 * Tests of config/dump.c: what is written is read back to the same.
 */
#include "config_fixture.h"
#include "suite.h"

#include <stdlib.h>
#include <string.h>

static const char *const files[] = {
    FIXTURE_MINIMAL,
    "workers: 7\n"
    "user: \"wsr: \\\"elay\\\" \\\\ # \\u00e4\"\n"
    "group: $${HOME} costs $$5\n"
    "pid_file: /run/{x}.pid\n"
    "log: {level: debug, format: json, target: '/var/log/ws #1.log', access: true}\n"
    "limits: {connections: 1, pending: 2, request_line: 63000B, header_size: 1MiB, headers: 5}\n"
    "timeouts: {handshake: 90s, tls: 1ms, send: 24h, close: 1h, linger: 61s, drain: 1500ms, "
    "drain_delay: 0s}\n"
    "listeners:\n"
    "  - {name: \"- a\", address: [':0', '[::1]:80', 'unix:/x y'], mode: 0007, group: 'true'}\n"
    "  - name: '1'\n"
    "    address: 'a:1'\n"
    "    tls:\n"
    "      certificates:\n"
    "        - {certificate: a, private_key: b}\n"
    "        - {certificate: c, private_key: d}\n"
    "      min_version: 1.3\n"
    "      client_auth: optional\n"
    "      client_ca: e\n"
    "      reload_on_change: true\n"
    "defaults:\n"
    "  origins: ['null', 'https://*.a.org']\n"
    "  subprotocols: [a, b$$c]\n"
    "  send_queue: {size: 1KiB}\n"
    "routes:\n"
    "  - {path: '/%7euser/{a}/{b*}', host: '*.A.org', handler: echo, origins: []}\n"
    "  - path: '/{name}'\n"
    "    handler: {type: broadcast, room: '{name} $${x}', include_sender: true}\n"
    "    max_message_size: 3000000B\n"
    "    max_connection_age: 8760h\n",
};

START_TEST(test_feeding_a_dump_back_gives_the_same_dump)
{
    struct config *config = fixture_load_good(files[_i]);
    char *dump = fixture_dump(config);
    struct config *again = fixture_load_good(dump);
    char *dump_again = fixture_dump(again);

    ck_assert_str_eq(dump_again, dump);
    free(dump);
    free(dump_again);
    config_free(config);
    config_free(again);
}
END_TEST

START_TEST(test_texts_survive_a_dump)
{
    struct config *config = fixture_load_good(files[1]);
    char *dump = fixture_dump(config);
    struct config *again = fixture_load_good(dump);

    ck_assert_str_eq(again->user, "wsr: \"elay\" \\ # \xc3\xa4");
    ck_assert_str_eq(again->group, "${HOME} costs $5");
    ck_assert_str_eq(again->listeners[0].name, "- a");
    ck_assert_uint_eq(again->listeners[0].mode, 07);
    ck_assert_str_eq(again->defaults.subprotocols.items[1], "b$c");
    ck_assert_uint_eq(again->routes[0].settings.origins.count, 0);
    ck_assert(!again->routes[0].settings.any_origin);
    ck_assert_uint_eq(again->routes[1].settings.max_message_bytes, 3000000);
    free(dump);
    config_free(config);
    config_free(again);
}
END_TEST

START_TEST(test_a_dump_shows_every_default)
{
    struct config *config = fixture_load_good(FIXTURE_MINIMAL);
    char *dump = fixture_dump(config);

    ck_assert_ptr_nonnull(strstr(dump, "workers: auto\n"));
    ck_assert_ptr_nonnull(strstr(dump, "log:\n  level: info\n  format: text\n  target: stderr\n"
                                       "  access: false\n"));
    ck_assert_ptr_nonnull(strstr(dump, "listeners:\n  - name: \"plain\"\n    address: [\":0\"]\n"
                                       "limits:\n  connections: 100000\n"));
    ck_assert_ptr_nonnull(strstr(dump, "routes:\n  - path: \"/\"\n    handler: echo\n"
                                       "    page: false\n    origins: any\n    subprotocols: []\n"
                                       "    max_message_size: 1MiB\n"));
    ck_assert_ptr_nonnull(strstr(dump, "    send_queue:\n      size: 1MiB\n"
                                       "      policy: close\n"));
    free(dump);
    config_free(config);
}
END_TEST

START_TEST(test_a_dump_leaves_out_what_is_unset_and_what_does_not_apply)
{
    struct config *config = fixture_load_good(FIXTURE_MINIMAL);
    char *dump = fixture_dump(config);

    ck_assert_ptr_null(strstr(dump, "user:"));
    ck_assert_ptr_null(strstr(dump, "mode:"));
    ck_assert_ptr_null(strstr(dump, "tls:\n"));
    ck_assert_ptr_null(strstr(dump, "host:"));
    free(dump);
    config_free(config);
}
END_TEST

static Suite *dump_suite(void)
{
    Suite *suite = suite_create("config dump");
    TCase *tcase = tcase_create("dump");

    tcase_add_loop_test(tcase, test_feeding_a_dump_back_gives_the_same_dump, 0,
                        sizeof files / sizeof *files);
    tcase_add_test(tcase, test_texts_survive_a_dump);
    tcase_add_test(tcase, test_a_dump_shows_every_default);
    tcase_add_test(tcase, test_a_dump_leaves_out_what_is_unset_and_what_does_not_apply);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(dump_suite());
}

/*
 * Tests of the types of values (config/values.c, lists.c, log_values.c, route_values.c): what each
 * accepts, and what it says of everything else.
 */
#include "config_fixture.h"
#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>

/* Something in a file that is otherwise in order, "@" before the place of the error in it. */
struct value_case {
    const char *line;
    const char *message; /* NULL: accepted */
};

static const struct value_case value_cases[] = {
    /* numbers */
    {"workers: auto", NULL},
    {"workers: 1", NULL},
    {"workers: '1024'", NULL},
    {"workers: @0", "workers: 0 is out of range (1 to 1024)"},
    {"workers: @1025", "workers: 1025 is out of range (1 to 1024)"},
    {"workers: @many", "workers: \"many\" is not a whole number, such as 100, or auto"},
    {"workers:@", "workers: empty: give it a value or leave the key out"},
    {"workers: @''", "workers: empty: give it a value or leave the key out"},
    {"workers: @[1]", "workers: must be a single value, not a list"},
    {"workers: @{a: 1}", "workers: must be a single value, not a mapping"},
    {"limits: {connections: @18446744073709551616}",
     "limits.connections: 18446744073709551616 is out of range (1 to 10000000)"},
    {"limits: {headers: @auto}", "limits.headers: \"auto\" is not a whole number, such as 100"},

    /* sizes and durations */
    {"limits: {request_line: 64B}", NULL},
    {"limits: {request_line: @63B}", "limits.request_line: 63B is out of range (64B to 64KiB)"},
    {"limits: {header_size: @8192}",
     "limits.header_size: 8192 needs a unit (one of: B, KB, KiB, MB, MiB, GB, GiB), as in 64KiB"},
    {"defaults: {max_message_size: 256MiB}", NULL},
    {"defaults: {max_message_size: @268435457B}",
     "defaults.max_message_size: 268435457B is out of range (1B to 256MiB)"},
    {"defaults: {max_message_size: @0B}",
     "defaults.max_message_size: 0B is out of range (1B to 256MiB)"},
    {"defaults: {max_message_size: @99999999999999999999GiB}",
     "defaults.max_message_size: 99999999999999999999GiB is out of range (1B to 256MiB)"},
    {"timeouts: {handshake: 500ms}", NULL},
    {"timeouts: {handshake: @0s}", "timeouts.handshake: 0s is out of range (1ms to 1h)"},
    {"timeouts: {handshake: @10}",
     "timeouts.handshake: 10 needs a unit (one of: ms, s, m, h), as in 10s"},
    {"defaults: {ping_interval: 0s, idle_timeout: 0ms, max_connection_age: 0h}", NULL},

    /* booleans */
    {"log: {access: true}", NULL},
    {"log: {access: 'false'}", NULL},
    {"log: {access: @yes}", "log.access: \"yes\" is no boolean: write true"},
    {"log: {access: @No}", "log.access: \"No\" is no boolean: write false"},
    {"log: {access: @on}", "log.access: \"on\" is no boolean: write true"},
    {"log: {access: @OFF}", "log.access: \"OFF\" is no boolean: write false"},
    {"log: {access: @maybe}", "log.access: \"maybe\" is neither true nor false"},
    {"log: {access: @True}", "log.access: \"True\" is neither true nor false"},

    /* words */
    {"log: {level: notice, format: json}", NULL},
    {"log: {level: @inof}", "log.level: unknown value \"inof\" (did you mean \"info\"?)"},
    {"log: {level: @warn}", "log.level: unknown value \"warn\" (did you mean \"warning\"?)"},
    {"log: {level: @x}",
     "log.level: unknown value \"x\" (one of: error, warning, notice, info, debug)"},
    {"log: {target: syslog}", NULL},
    {"log: {target: /var/log/wsrelayd.log}", NULL},
    {"log: {target: @stdrr}", "log.target: unknown value \"stdrr\" (did you mean \"stderr\"?)"},
    {"log: {target: @wsrelayd.log}",
     "log.target: \"wsrelayd.log\": a file has its whole path, as in /var/log/wsrelayd/main.log"},
    {"log: {target: @file}", "log.target: unknown value \"file\" (one of: stderr, syslog, an "
                             "absolute path)"},

    /* texts */
    {"user: nobody", NULL},
    {"user: @\"no\\nbody\"", "user: must not contain control characters"},
    {"user: @\"no\\x7fbody\"", "user: must not contain control characters"},
    {"user: @\"no\\x85body\"", "user: must not contain control characters"},
    {"user: @\"no\\u2028body\"", "user: must not contain control characters"},
    {"user: @\"\\uFEFFnobody\"", "user: must not contain control characters"},
    {"user: \"n\\u00f6body\"", NULL},
    {"pid_file: @[a]", "pid_file: must be a single value, not a list"},

    /* lists */
    {"defaults: {subprotocols: []}", NULL},
    {"defaults: {subprotocols: chat}", NULL},
    {"defaults: {subprotocols: [chat, superchat, v1.x+y]}", NULL},
    {"defaults: {subprotocols: @{chat: 1}}",
     "defaults.subprotocols: must be a value or a list of values, not a mapping"},
    {"defaults: {subprotocols: [@[chat]]}",
     "defaults.subprotocols[0]: must be a single value, not a list"},
    {"defaults: {subprotocols: [a, @b c]}",
     "defaults.subprotocols[1]: \"b c\" is no subprotocol: only letters, digits and "
     "!#$%&'*+-.^_`|~ may stand in one"},
    {"defaults: {subprotocols: [a, b, @a]}", "defaults.subprotocols[2]: \"a\" is listed twice"},
    {"defaults: {origins: any}", NULL},
    {"defaults: {origins: []}", NULL},
    {"defaults: {origins: https://example.org}", NULL},
    {"defaults: {origins: ['null', https://example.org:8443, 'https://*.example.org']}", NULL},
    {"defaults: {origins: [@any]}", "defaults.origins[0]: \"any\" stands alone, not in a list"},
    {"defaults: {origins: @example.org}", "defaults.origins: \"example.org\" is no origin, such as "
                                          "https://example.org or https://*.example.org"},
    {"defaults: {origins: @'*'}",
     "defaults.origins: \"*\" is no origin: write any to let every origin in"},
    {"defaults: {origins: @https://example.org/}",
     "defaults.origins: \"https://example.org/\" is no origin: one ends without a slash, as in "
     "https://example.org"},
    {"defaults: {origins: [https://a.org, @https://a.org]}",
     "defaults.origins[1]: \"https://a.org\" is listed twice"},
    {"defaults: {origins: [https://a.org, @'HTTPS://A.org:443']}",
     "defaults.origins[1]: \"HTTPS://A.org:443\" is listed twice"},
    {"defaults: {origins: @'wss://a.org'}",
     "defaults.origins: \"wss://a.org\" is no origin: the scheme is that of the page (write "
     "https://...)"},
    {"defaults: {origins: @'WS://a.org'}",
     "defaults.origins: \"WS://a.org\" is no origin: the scheme is that of the page (write "
     "http://...)"},

    /* mappings and keys */
    {"timeouts: @10s", "timeouts: must be a mapping, not a single value"},
    {"timeouts: @[10s]", "timeouts: must be a mapping, not a list"},
    {"defaults: {}", NULL},
    {"@worker: 1", "worker: unknown key (did you mean \"workers\"?)"},
    {"timeouts: {@sent: 1s}", "timeouts.sent: unknown key (did you mean \"send\"?)"},
    /* the admin listener */
    {"admin: {address: ':1'}", NULL},
    {"admin: {address: ':1', token_file: /t}", NULL},
    {"admin: {address: [':1', 'unix:/a'], mode: 0600, owner: a, group: b, token_file: /t}", NULL},
    {"admin: {address: 'systemd:a'}", NULL},
    {"admin: @{}", "admin.address: missing"},
    {"admin: {address: @[]}", "admin.address: empty: at least one address is needed"},
    {"admin: {address: ':1', @mode: 0660}",
     "admin.mode: only a listener with a unix: address has one"},
    {"admin: {address: 'unix:/a', @token_file: /t}",
     "admin.token_file: only a listener with a TCP address has one"},
    {"admin: {address: ':1', @tls: {}}", "admin.tls: unknown key"},
    {"admin: {address: ':1', @name: a}", "admin.name: unknown key"},
    /* keys that do not exist */
    {"@trusted_proxies: []", "trusted_proxies: unknown key"},
    {"limits: {@memory: auto}", "limits.memory: unknown key"},
    {"limits: {@connections_per_address: 1}", "limits.connections_per_address: unknown key"},
    {"timeouts: {@assembly: 60s}", "timeouts.assembly: unknown key"},
    {"defaults: {@rate: {messages: 1}}", "defaults.rate: unknown key"},
    {"defaults: {@compression: {}}", "defaults.compression: unknown key"},
    {"defaults: {@path: /}", "defaults.path: unknown key"},
    {"? @a\n: b\n", "a: unknown key"},
};

/* One listener, and what is said about them. */
static const struct value_case listener_cases[] = {
    {"{name: a, address: ':0'}", NULL},
    {"{name: a, address: [':0', 'unix:/run/x'], mode: 0660}", NULL},
    {"{name: a, address: 'unix:/run/x', mode: '600', owner: root, group: root}", NULL},
    {"@{address: ':0'}", "listeners[0].name: missing"},
    {"@{name: a}", "listeners[0].address: missing"},
    {"{name: a, address: @[]}", "listeners[0].address: empty: at least one address is needed"},
    {"{name: a, address: @localhost}", "listeners[0].address: \"localhost\": not an address "
                                       "(host:port, [v6]:port, :port, unix:/path or systemd:NAME)"},
    {"{name: a, address: 'systemd:a'}", NULL},
    {"{name: a, address: @'systemd:'}",
     "listeners[0].address: \"systemd:\": the name that the socket unit has as "
     "FileDescriptorName= is missing"},
    {"{name: a, address: [':1', @':1']}", "listeners[0].address[1]: \":1\" is listed twice"},
    {"{name: a, address: ':0', @mode: 0660}",
     "listeners[0].mode: only a listener with a unix: address has one"},
    {"{name: a, address: ':0', @owner: root}",
     "listeners[0].owner: only a listener with a unix: address has one"},
    {"{name: a, address: ':0', @group: root}",
     "listeners[0].group: only a listener with a unix: address has one"},
    {"{name: a, address: 'unix:/x', mode: @0888}",
     "listeners[0].mode: \"0888\" is no mode, such as 0660"},
    {"{name: a, address: 'unix:/x', mode: @10660}",
     "listeners[0].mode: \"10660\" is no mode, such as 0660"},
    {"{name: a, address: 'unix:/x', mode: @rw-rw----}",
     "listeners[0].mode: \"rw-rw----\" is no mode, such as 0660"},
    {"{name: a, address: ':0', tls: {certificates: [{certificate: a, private_key: b}]}}", NULL},
    {"{name: a, address: ':0', tls: @{}}",
     "listeners[0].tls.certificates: missing: at least one is needed"},
    {"{name: a, address: ':0', tls: @true}",
     "listeners[0].tls: must be a mapping, not a single value"},
    {"{name: a, address: ':0', tls: {certificates: @[]}}",
     "listeners[0].tls.certificates: empty: at least one is needed"},
    {"{name: a, address: ':0', tls: {certificates: [@{certificate: a}]}}",
     "listeners[0].tls.certificates[0].private_key: missing"},
    {"{name: a, address: ':0', tls: {certificates: [{certificate: a, private_key: b}], "
     "min_version: 1.3, client_auth: optional, client_ca: c}}",
     NULL},
    {"{name: a, address: ':0', tls: {certificates: [{certificate: a, private_key: b}], "
     "min_version: @1.1}}",
     "listeners[0].tls.min_version: unknown value \"1.1\" (one of: 1.2, 1.3)"},
    {"{name: a, address: ':0', tls: {certificates: [{certificate: a, private_key: b}], "
     "client_auth: @required}}",
     "listeners[0].tls.client_auth: needs client_ca, the certificate that the clients' are checked "
     "against"},
    {"{name: a, address: ':0', @proxy_protocol: {}}", "listeners[0].proxy_protocol: unknown key"},
};

/* One route, and what is said about them. */
static const struct value_case route_cases[] = {
    {"{path: /, handler: echo}", NULL},
    {"{path: /, handler: {type: echo}}", NULL},
    {"{path: '/{name}', handler: broadcast}", NULL},
    {"{path: '/{name}', handler: {type: broadcast, room: x, include_sender: true}}", NULL},
    {"{path: /, handler: echo, host: '*.Example.org'}", NULL},
    {"@{path: /}", "routes[0].handler: missing"},
    {"@{handler: echo}", "routes[0].path: missing"},
    {"{path: @x, handler: echo}", "routes[0].path: a path begins with /"},
    {"{path: /, handler: @ech}",
     "routes[0].handler: unknown value \"ech\" (did you mean \"echo\"?)"},
    {"{path: /, handler: {type: @x}}",
     "routes[0].handler.type: unknown value \"x\" (one of: broadcast, echo)"},
    {"{path: /, handler: {@typ: broadcast}}",
     "routes[0].handler.typ: unknown key (did you mean \"type\"?)"},
    {"{path: /, handler: {room: x, @tpye: broadcast}}",
     "routes[0].handler.tpye: unknown key (did you mean \"type\"?)"},
    {"{path: /, handler: @{room: x}}", "routes[0].handler: needs a \"type\", the handler's name"},
    {"{path: /, handler: @[echo]}", "routes[0].handler: must be a single value, not a list"},
    {"{path: /, handler: {type: echo, @room: x}}", "routes[0].handler.room: unknown key"},
    {"{path: /, handler: {type: broadcast, @rom: x}}",
     "routes[0].handler.rom: unknown key (did you mean \"room\"?)"},
    {"{path: /, handler: {type: broadcast, include_sender: @1}}",
     "routes[0].handler.include_sender: \"1\" is no boolean: write true"},
    {"{path: /, handler: {type: broadcast, room: @refused}}", "routes[0].handler.room: refused"},
    {"{path: /, handler: {type: broadcast, room: @{name}}}",
     "routes[0].handler.room: must be a single value, not a mapping (quote it: \"{name}\")"},
    {"{path: /, handler: @{type: broadcast, include_sender: true}}",
     "routes[0].handler.room: does not go with include_sender"},
    {"{path: /, handler: echo, host: @'a:80'}",
     "routes[0].host: \"a:80\": a host is given without a port"},
    {"{path: /, @handlr: echo, handler: echo}",
     "routes[0].handlr: unknown key (did you mean \"handler\"?)"},
    {"{path: /, handler: echo, @max_mesage_size: 1B}",
     "routes[0].max_mesage_size: unknown key (did you mean \"max_message_size\"?)"},
    {"{path: /, handler: echo, page: @yes}", "routes[0].page: \"yes\" is no boolean: write true"},
    {"{path: /, handler: echo, @rate: 1}", "routes[0].rate: unknown key"},
    {"{path: /, handler: echo, send_queue: {policy: @drop}}",
     "routes[0].send_queue.policy: \"drop\" would lose messages silently: the clients of the "
     "handler echo cannot be told of a gap (write close)"},
};

/* Takes the "@" out of the file's first line and returns the column where it stood. */
static int take_mark(char *text)
{
    char *mark = strchr(text, '@');

    ck_assert_ptr_nonnull(mark);
    memmove(mark, mark + 1, strlen(mark));
    return (int)(mark - text) + 1;
}

static void check_case(char *text, const char *message)
{
    char expected[512] = "";

    if (message != NULL) {
        int column = take_mark(text);
        snprintf(expected, sizeof expected, "test.yaml:1:%d: error: %s\n", column, message);
    }
    struct config *config = fixture_load(text);
    ck_assert_str_eq(fixture_messages, expected);
    config_free(config);
}

START_TEST(test_a_value_is_accepted_or_refused_with_a_reason)
{
    char text[512];

    snprintf(text, sizeof text, "%s\n" FIXTURE_MINIMAL, value_cases[_i].line);
    check_case(text, value_cases[_i].message);
}
END_TEST

START_TEST(test_a_listener_is_accepted_or_refused_with_a_reason)
{
    char text[512];

    snprintf(text, sizeof text, "listeners: [%s]\n" FIXTURE_ROUTES, listener_cases[_i].line);
    check_case(text, listener_cases[_i].message);
}
END_TEST

START_TEST(test_a_route_is_accepted_or_refused_with_a_reason)
{
    char text[512];

    snprintf(text, sizeof text, "routes: [%s]\n" FIXTURE_LISTENERS, route_cases[_i].line);
    check_case(text, route_cases[_i].message);
}
END_TEST

START_TEST(test_a_subprotocol_may_have_255_bytes)
{
    char name[257];
    char text[512];

    memset(name, 'x', 256);
    name[256] = '\0';
    snprintf(text, sizeof text, "defaults: {subprotocols: %.255s}\n" FIXTURE_MINIMAL, name);
    check_case(text, NULL);
    snprintf(text, sizeof text, "defaults: {subprotocols: @%s}\n" FIXTURE_MINIMAL, name);
    check_case(text, "defaults.subprotocols: longer than 255 bytes");
}
END_TEST

static Suite *values_suite(void)
{
    Suite *suite = suite_create("config values");
    TCase *tcase = tcase_create("values");

    tcase_add_loop_test(tcase, test_a_value_is_accepted_or_refused_with_a_reason, 0,
                        sizeof value_cases / sizeof *value_cases);
    tcase_add_loop_test(tcase, test_a_listener_is_accepted_or_refused_with_a_reason, 0,
                        sizeof listener_cases / sizeof *listener_cases);
    tcase_add_loop_test(tcase, test_a_route_is_accepted_or_refused_with_a_reason, 0,
                        sizeof route_cases / sizeof *route_cases);
    tcase_add_test(tcase, test_a_subprotocol_may_have_255_bytes);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(values_suite());
}

/*
 * Tests of config/address_syntax.c: how a listener's address may be written.
 */
#include "config/address_syntax.h"
#include "suite.h"

#include <stdio.h>
#include <string.h>

#define BRACKETS "an IPv6 address is written [address]:port"
#define PORT     "the port must be a number from 0 to 65535"
#define HOST     "not a host name or an IPv4 address"
#define SCHEME   "an address has no scheme: write host:port, as in localhost:8080"
#define SHAPE    "not an address (host:port, [v6]:port, :port, unix:/path or systemd:NAME)"
#define NAME     "the name of a passed socket is printable ASCII without colons"

static const struct address_case {
    const char *text;
    const char *problem; /* NULL: good */
} cases[] = {
    {"localhost:8080", NULL},
    {"127.0.0.1:80", NULL},
    {"ws.example.org:65535", NULL},
    {":0", NULL},
    {":8080", NULL},
    {"[::1]:8080", NULL},
    {"[::]:443", NULL},
    {"[fe80::1%eth0]:443", NULL},
    {"unix:/run/ws.sock", NULL},
    {"localhost", SHAPE},
    {"8080", "a port stands behind a colon, as in localhost:8080 or :8080"},
    {"8080x", SHAPE},
    {"/run/ws.sock",
     "a unix socket has unix: in front of its path, as in unix:/run/wsrelayd/ws.sock"},
    {"systemd:web", NULL},
    {"systemd:a name (of mine)", NULL},
    {"systemd:8080", NULL},
    {"systemd:", "the name that the socket unit has as FileDescriptorName= is missing"},
    {"systemd:a:b", NAME},
    {"systemd:a\nb", NAME},
    {"systemd:\xC3\xA9", NAME},
    {"systemd", SHAPE},
    {"localhost:", PORT},
    {"localhost:http", PORT},
    {":65536", PORT},
    {":-1", PORT},
    {":000080", PORT},
    {":99999999999999999999", PORT},
    {"[::1]:x", PORT},
    {"::1:8080", BRACKETS},
    {"[::1]", BRACKETS},
    {"[::1", BRACKETS},
    {"[::1]8080", BRACKETS},
    {"[::g]:80", "not an IPv6 address"},
    {"[]:80", "not an IPv6 address"},
    {"[127.0.0.1]:80", "not an IPv6 address"},
    {"[1111:2222:3333:4444:5555:6666:7777:8888:9999:aaaa]:80", "not an IPv6 address"},
    {"*:8080", "for all addresses leave the host out, as in :8080"},
    {"a b:80", HOST},
    {"ws://localhost:8080", SCHEME},
    {"ws://localhost", SCHEME},
    {"a/b:80", HOST},
    {"unix:ws.sock", "the path of a unix socket must begin with /"},
    {"unix:", "the path of a unix socket must begin with /"},
};

START_TEST(test_an_address_is_good_or_its_fault_is_named)
{
    const char *problem = address_syntax_problem(cases[_i].text);

    if (cases[_i].problem == NULL) {
        ck_assert_ptr_null(problem);
    } else {
        ck_assert_ptr_nonnull(problem);
        ck_assert_str_eq(problem, cases[_i].problem);
    }
}
END_TEST

START_TEST(test_the_path_of_a_unix_socket_may_have_107_bytes)
{
    char text[128] = "unix:/";

    memset(text + 6, 'x', 106);
    ck_assert_ptr_null(address_syntax_problem(text));
    text[6 + 106] = 'x';
    ck_assert_str_eq(address_syntax_problem(text),
                     "the path of a unix socket must be shorter than 108 bytes");
}
END_TEST

START_TEST(test_the_name_of_a_passed_socket_may_have_255_bytes)
{
    char text[300] = "systemd:";

    memset(text + 8, 'x', 255);
    ck_assert_ptr_null(address_syntax_problem(text));
    text[8 + 255] = 'x';
    ck_assert_str_eq(address_syntax_problem(text),
                     "the name of a passed socket has at most 255 bytes");
}
END_TEST

START_TEST(test_names_of_passed_sockets_are_told_from_addresses)
{
    ck_assert_str_eq(address_syntax_passed_name("systemd:web"), "web");
    ck_assert_ptr_null(address_syntax_passed_name("systemd"));
    ck_assert_ptr_null(address_syntax_passed_name("unix:/systemd:web"));
}
END_TEST

START_TEST(test_unix_addresses_are_told_from_others)
{
    ck_assert(address_syntax_is_unix("unix:/x"));
    ck_assert(!address_syntax_is_unix("unix"));
    ck_assert(!address_syntax_is_unix(":80"));
}
END_TEST

static Suite *address_suite(void)
{
    Suite *suite = suite_create("config addresses");
    TCase *tcase = tcase_create("addresses");

    tcase_add_loop_test(tcase, test_an_address_is_good_or_its_fault_is_named, 0,
                        sizeof cases / sizeof *cases);
    tcase_add_test(tcase, test_the_path_of_a_unix_socket_may_have_107_bytes);
    tcase_add_test(tcase, test_the_name_of_a_passed_socket_may_have_255_bytes);
    tcase_add_test(tcase, test_names_of_passed_sockets_are_told_from_addresses);
    tcase_add_test(tcase, test_unix_addresses_are_told_from_others);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(address_suite());
}

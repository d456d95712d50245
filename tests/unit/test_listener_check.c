/*
 * Tests of net/listener_check.c: what `-t` says of listeners, and where.
 */
#include "net/listener_check.h"

#include "certificates.h"
#include "config_fixture.h"
#include "listener_fixture.h"
#include "suite.h"

#include <fcntl.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

enum { TEXT_BYTES = 2048 };

/* Checks these listeners, one of them a line, the first in line 2. */
static void check(const char *listeners)
{
    char text[2 * TEXT_BYTES];

    snprintf(text, sizeof text, "listeners:\n%s" FIXTURE_ROUTES, listeners);
    config_free(fixture_load_checked(text, listener_check));
}

static void assert_start(const char *expected)
{
    ck_assert_msg(strncmp(fixture_messages, expected, strlen(expected)) == 0, "not \"%s\": %s",
                  expected, fixture_messages);
}

START_TEST(test_each_file_is_reported_at_its_own_key)
{
    char text[TEXT_BYTES];
    char *paths[] = {certificates_path("localhost.pem"), certificates_path("localhost.key"),
                     certificates_path("other.key"),     certificates_path("expired.pem"),
                     certificates_path("expired.key"),   certificates_path("missing.pem")};

    snprintf(text, sizeof text,
             "  - name: a\n    address: ':1'\n    tls:\n      certificates:\n"
             "        - {certificate: '%s', private_key: '%s'}\n"
             "        - {certificate: '%s', private_key: '%s'}\n"
             "        - {certificate: '%s', private_key: '%s'}\n"
             "      client_auth: required\n      client_ca: '%s'\n",
             paths[0], paths[1], paths[0], paths[2], paths[3], paths[4], paths[5]);
    check(text);
    ck_assert_ptr_nonnull(strstr(fixture_messages, "listeners[0].tls.certificates[1].private_key: "
                                                   "the private key "));
    ck_assert_ptr_nonnull(strstr(fixture_messages, "test.yaml:8:25: warning: "
                                                   "listeners[0].tls.certificates[2].certificate: "
                                                   "the certificate "));
    ck_assert_ptr_nonnull(strstr(fixture_messages, "test.yaml:10:18: error: "
                                                   "listeners[0].tls.client_ca: cannot open "));
    assert_start("test.yaml:7:");
    for (size_t i = 0; i < sizeof paths / sizeof *paths; i++) {
        free(paths[i]);
    }
}
END_TEST

START_TEST(test_users_and_groups_are_reported_at_their_keys)
{
    char text[TEXT_BYTES];
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "checked.sock");
    snprintf(text, sizeof text,
             "  - {name: a, owner: no-such-user, group: no-such-group,\n"
             "     address: '%s'}\n",
             address);
    check(text);
    ck_assert_str_eq(fixture_messages, "test.yaml:2:22: error: listeners[0].owner: the user "
                                       "no-such-user that should own the socket does not exist\n"
                                       "test.yaml:2:43: error: listeners[0].group: the group "
                                       "no-such-group that should own the socket does not exist\n");
    ck_assert(!listener_path_exists(address + strlen("unix:")));
}
END_TEST

START_TEST(test_an_address_that_does_not_resolve_is_reported_at_its_item)
{
    check("  - {name: a, address: [':1', 'no-such-host.invalid:2']}\n");
    assert_start("test.yaml:2:31: error: listeners[0].address[1]: \"no-such-host.invalid:2\": ");
}
END_TEST

/* A file that is in the way, and a directory that is not there. */
static const struct {
    const char *name;
    const char *problem; /* NULL: none */
} socket_rows[] = {
    {"checked.sock", NULL},
    {"regular", "the file exists and is not a socket"},
    {"missing/sock", "the directory does not exist"},
    {"regular/sock", "Not a directory"},
};

START_TEST(test_a_unix_socket_needs_a_directory_and_a_free_name)
{
    char text[TEXT_BYTES];
    char expected[TEXT_BYTES] = "";
    char address[LISTENER_PATH_BYTES];

    listener_make_path(address, "regular");
    close(open(address, O_CREAT | O_WRONLY | O_CLOEXEC, 0600));
    listener_make_unix_address(address, socket_rows[_i].name);
    snprintf(text, sizeof text, "  - {name: a, address: '%s'}\n", address);
    if (socket_rows[_i].problem != NULL) {
        snprintf(expected, sizeof expected,
                 "test.yaml:2:24: error: listeners[0].address: \"%s\": %s\n", address,
                 socket_rows[_i].problem);
    }
    check(text);
    ck_assert_str_eq(fixture_messages, expected);
}
END_TEST

/* The addresses of two listeners, and which of the first's the second's is beside; NULL: none. */
static const struct {
    const char *first;
    const char *second;
    const char *taken;
} collision_rows[] = {
    {"127.0.0.1:8080", "127.0.0.1:8080", "127.0.0.1:8080"},
    {"127.0.0.1:8080", "127.0.0.1:8081", NULL},
    {"127.0.0.1:8080", "127.0.0.2:8080", NULL},
    {"127.0.0.1:8080", "[::1]:8080", NULL},
    {"localhost:8080", "127.0.0.1:8080", "localhost:8080"},
    {"localhost:8080", "[0:0::1]:8080", "localhost:8080"},
    {"localhost:8080", "localhost:8080", "localhost:8080"},
    {":8080", "127.0.0.1:8080", ":8080"},
    {":8080", "[::1]:8080", ":8080"},
    {"0.0.0.0:8080", "127.0.0.1:8080", "0.0.0.0:8080"},
    {"0.0.0.0:8080", "[::]:8080", NULL},
    {"0.0.0.0:8080", "[::1]:8080", NULL},
    {"systemd:a", "systemd:a", "systemd:a"},
    {"systemd:a", "systemd:b", NULL},
    {"systemd:8080", "127.0.0.1:8080", NULL},
    {":0", ":0", NULL},
    {"127.0.0.1:0", "127.0.0.1:0", NULL},
};

START_TEST(test_no_two_addresses_may_collide)
{
    char text[TEXT_BYTES];
    char expected[TEXT_BYTES] = "";

    snprintf(text, sizeof text, "  - {name: a, address: ['%s']}\n  - {name: b, address: '%s'}\n",
             collision_rows[_i].first, collision_rows[_i].second);
    if (collision_rows[_i].taken != NULL) {
        snprintf(
            expected, sizeof expected,
            "test.yaml:3:24: error: listeners[1].address: \"%s\" cannot be bound beside \"%s\" "
            "of listeners[0]\n",
            collision_rows[_i].second, collision_rows[_i].taken);
    }
    check(text);
    ck_assert_str_eq(fixture_messages, expected);
}
END_TEST

/* An address of the only listener, one of the admin listener, and what is said; NULL: nothing. */
static const struct {
    const char *listener;
    const char *admin;
    const char *said;
} admin_rows[] = {
    {"127.0.0.1:1", "127.0.0.1:2", NULL},
    {"127.0.0.1:1", "127.0.0.1:1",
     "5:12: error: admin.address: \"127.0.0.1:1\" cannot be bound beside \"127.0.0.1:1\" of "
     "listeners[0]"},
    {":1", "[::1]:1",
     "5:12: error: admin.address: \"[::1]:1\" cannot be bound beside \":1\" of listeners[0]"},
    {"[::1]:1", ":1",
     "2:24: error: listeners[0].address: \"[::1]:1\" cannot be bound beside \":1\" of admin"},
    {"systemd:a", "systemd:a",
     "5:12: error: admin.address: \"systemd:a\" cannot be bound beside \"systemd:a\" of "
     "listeners[0]"},
    {"unix:/tmp/wsrelayd-unit-test", "unix:/tmp/wsrelayd-unit-test",
     "5:12: error: admin.address: \"unix:/tmp/wsrelayd-unit-test\" cannot be bound beside "
     "\"unix:/tmp/wsrelayd-unit-test\" of "
     "listeners[0]"},
    {"127.0.0.1:1", "unix:/nonexistent/x",
     "5:12: error: admin.address: \"unix:/nonexistent/x\": the directory does not exist"},
    {"127.0.0.1:1", "unix:/tmp/wsrelayd-unit-test'\n  group: 'no-such-group",
     "6:10: error: admin.group: the group no-such-group that should own the socket does not "
     "exist"},
};

START_TEST(test_the_admin_listener_is_one_of_them)
{
    char text[TEXT_BYTES];
    char expected[TEXT_BYTES] = "";

    snprintf(text, sizeof text,
             "listeners:\n  - {name: a, address: '%s'}\n" FIXTURE_ROUTES
             "admin:\n  address: '%s'\n",
             admin_rows[_i].listener, admin_rows[_i].admin);
    if (admin_rows[_i].said != NULL) {
        snprintf(expected, sizeof expected, "test.yaml:%s\n", admin_rows[_i].said);
    }
    config_free(fixture_load_checked(text, listener_check));
    ck_assert_str_eq(fixture_messages, expected);
}
END_TEST

/* The narrower one is reported, wherever it stands. */
START_TEST(test_a_wildcard_collides_with_what_stands_before_it)
{
    char text[TEXT_BYTES];
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "twice.sock");
    snprintf(text, sizeof text,
             "  - {name: a, address: ['127.0.0.1:8080', ':8080']}\n"
             "  - {name: b, address: '%s'}\n  - {name: c, address: '%s'}\n",
             address, address);
    check(text);
    assert_start("test.yaml:2:25: error: listeners[0].address[0]: \"127.0.0.1:8080\" cannot be "
                 "bound beside \":8080\" of listeners[0]\ntest.yaml:4:24: ");
}
END_TEST

/* What could not be read is not there to be checked; what could, is. */
START_TEST(test_what_could_not_be_read_is_passed_over)
{
    char *key = certificates_path("missing.key");
    char text[TEXT_BYTES];

    snprintf(text, sizeof text,
             "  - {name: a}\n"
             "  - {name: b, address: [x, 'no-such-host.invalid:1'],\n"
             "     tls: {client_auth: required, certificates: [\n"
             "      {private_key: '%s'}]}}\n",
             key);
    check(text);
    ck_assert_ptr_nonnull(
        strstr(fixture_messages, "test.yaml:3:28: error: listeners[1].address[1]"));
    ck_assert_ptr_nonnull(
        strstr(fixture_messages,
               "test.yaml:5:21: error: listeners[1].tls.certificates[0].private_key: cannot open"));
    ck_assert_ptr_null(strstr(fixture_messages, "(null)"));
    ck_assert_ptr_null(strstr(fixture_messages, "Bad address"));
    free(key);
}
END_TEST

static Suite *check_suite(void)
{
    Suite *suite = suite_create("listener check");
    TCase *tcase = tcase_create("check");

    tcase_add_test(tcase, test_each_file_is_reported_at_its_own_key);
    tcase_add_test(tcase, test_users_and_groups_are_reported_at_their_keys);
    tcase_add_test(tcase, test_an_address_that_does_not_resolve_is_reported_at_its_item);
    tcase_add_loop_test(tcase, test_a_unix_socket_needs_a_directory_and_a_free_name, 0,
                        sizeof socket_rows / sizeof *socket_rows);
    tcase_add_loop_test(tcase, test_no_two_addresses_may_collide, 0,
                        sizeof collision_rows / sizeof *collision_rows);
    tcase_add_loop_test(tcase, test_the_admin_listener_is_one_of_them, 0,
                        sizeof admin_rows / sizeof *admin_rows);
    tcase_add_test(tcase, test_a_wildcard_collides_with_what_stands_before_it);
    tcase_add_test(tcase, test_what_could_not_be_read_is_passed_over);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    int status;

    if (!listener_directory_make()) {
        return EXIT_FAILURE;
    }
    certificates_make();
    status = suite_run(check_suite());
    certificates_remove();
    listener_directory_remove();
    return status;
}

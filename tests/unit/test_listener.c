/*
 * Listening sockets on free ports; what `-t` says of them.
 */
#include "net/listener.h"

#include "certificates.h"
#include "config/errors.h"
#include "listener_fixture.h"
#include "suite.h"

#include <check.h>
#include <errno.h>
#include <fcntl.h>
#include <netinet/in.h>
#include <stdbool.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/un.h>
#include <unistd.h>

enum { TAKEN_PORTS = 500, PORT_DRAWS = 500 };

/* --- ports --- */

START_TEST(test_both_families_of_a_free_port_have_the_same_one)
{
    static const char *const addresses[] = {"localhost:0", ":0"};
    struct listener_fixture fixture = {0};

    listener_add(&fixture, "plain", addresses[_i]);
    listener_open_set(&fixture);
    ck_assert_uint_eq(fixture.set.count, 2);
    ck_assert_uint_ne(listener_port_of(&fixture.set.listeners[0]), 0);
    ck_assert_uint_eq(listener_port_of(&fixture.set.listeners[0]),
                      listener_port_of(&fixture.set.listeners[1]));
    ck_assert(listener_accepts(&fixture.set.listeners[0]));
    ck_assert(listener_accepts(&fixture.set.listeners[1]));
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

/* With so many ports taken in one family, some choice of the kernel's is bound to meet one. */
START_TEST(test_another_port_is_tried_when_one_family_has_taken_it)
{
    struct listener_fixture fixture = {0};
    struct listener_fixture taken[TAKEN_PORTS] = {0};

    listener_add(&fixture, "plain", "localhost:0");
    for (size_t i = 0; i < TAKEN_PORTS; i++) {
        listener_add(&taken[i], "taken", "[::1]:0");
        listener_open_set(&taken[i]);
    }
    for (int i = 0; i < PORT_DRAWS; i++) {
        listener_open_set(&fixture);
        ck_assert_uint_eq(listener_port_of(&fixture.set.listeners[0]),
                          listener_port_of(&fixture.set.listeners[1]));
        listener_set_free(&fixture.set);
    }
    for (size_t i = 0; i < TAKEN_PORTS; i++) {
        listener_set_free(&taken[i].set);
        listener_fixture_free(&taken[i]);
    }
    listener_fixture_free(&fixture);
}
END_TEST

static int option(int fd, int level, int name)
{
    int value = -1;
    socklen_t length = sizeof value;

    ck_assert_int_eq(getsockopt(fd, level, name, &value, &length), 0);
    return value;
}

START_TEST(test_sockets_are_set_up_for_the_loop)
{
    struct listener_fixture fixture = {0};
    char address[LISTENER_PATH_BYTES];
    struct listener_config *listener = listener_add(&fixture, "plain", "localhost:0");

    listener_make_unix_address(address, "flags.sock");
    listener_add_address(listener, address);
    listener_open_set(&fixture);
    ck_assert_uint_eq(fixture.set.count, 3);
    for (size_t i = 0; i < fixture.set.count; i++) {
        int fd = fixture.set.listeners[i].fd;
        int family = fixture.set.listeners[i].address.storage.ss_family;

        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_eq(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
        ck_assert(family == AF_UNIX || option(fd, SOL_SOCKET, SO_REUSEADDR) == 1);
        ck_assert(family != AF_INET6 || option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
        ck_assert_ptr_eq(fixture.set.listeners[i].config, listener);
        ck_assert_ptr_null(fixture.set.listeners[i].tls);
    }
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_port_in_use_is_an_error)
{
    struct listener_fixture owner = {0};
    struct listener_fixture fixture = {0};
    char address[ADDRESS_TEXT_BYTES];

    listener_add(&owner, "plain", "127.0.0.1:0");
    listener_open_set(&owner);
    address_format(&owner.set.listeners[0].address, address);
    listener_add_address(listener_add(&fixture, "second", "127.0.0.1:0"), address);
    listener_add(&fixture, "third", "127.0.0.1:0");
    listener_assert_refused(&fixture, "second", address);
    ck_assert(listener_accepts(&owner.set.listeners[0]));
    listener_set_free(&owner.set);
    listener_fixture_free(&owner);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_every_failure_has_its_line)
{
    struct listener_fixture fixture = {0};
    char log[LISTENER_LOG_BYTES];

    listener_add_address(listener_add(&fixture, "one", "nonsense"), "192.0.2.1:0");
    listener_add(&fixture, "two", "unix:/nonexistent/directory/socket");
    listener_begin_log();
    ck_assert_int_eq(listener_set_open(&fixture.set, &fixture.config), -1);
    ck_assert_uint_eq(listener_read_log(log), 3);
    ck_assert_ptr_nonnull(strstr(log, "nonsense"));
    ck_assert_ptr_nonnull(strstr(log, "192.0.2.1:0"));
    ck_assert_ptr_nonnull(strstr(log, "unix:/nonexistent/directory/socket"));
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_an_address_of_another_machine_is_not_passed_over)
{
    struct listener_fixture fixture = {0};

    listener_add_address(listener_add(&fixture, "plain", "127.0.0.1:0"), "192.0.2.1:0");
    listener_assert_refused(&fixture, "192.0.2.1:0", "Cannot assign");
    listener_fixture_free(&fixture);
}
END_TEST

/* How many sockets an address gives on a machine without IPv6; 0: it is refused. */
static int sockets_without_ipv6(const char *address)
{
    struct listener_fixture fixture = {0};

    listener_add(&fixture, "plain", address);
    listener_intercept(SYS_socket, UINT32_MAX, AF_INET6, EAFNOSUPPORT);
    return listener_set_open(&fixture.set, &fixture.config) == 0 ? (int)fixture.set.count : 0;
}

START_TEST(test_a_family_that_the_machine_lacks_is_passed_over)
{
    char log[LISTENER_LOG_BYTES];

    listener_begin_log();
    ck_assert_int_eq(listener_run_child(sockets_without_ipv6, "localhost:0"), 1);
    ck_assert_int_eq(listener_run_child(sockets_without_ipv6, ":0"), 1);
    ck_assert_uint_eq(listener_read_log(log), 2);
    ck_assert_ptr_nonnull(strstr(log, "passed over"));
}
END_TEST

START_TEST(test_a_listener_of_which_nothing_binds_is_refused)
{
    char log[LISTENER_LOG_BYTES];

    listener_begin_log();
    ck_assert_int_eq(listener_run_child(sockets_without_ipv6, "[::1]:0"), 0);
    listener_read_log(log);
    ck_assert_ptr_nonnull(strstr(log, "no address"));
}
END_TEST

/* --- TLS --- */

START_TEST(test_the_sockets_of_a_listener_share_its_tls_context)
{
    struct listener_fixture fixture = {0};
    struct certificate_config certificate = {certificates_path("localhost.pem"),
                                             certificates_path("localhost.key")};
    struct tls_config tls = {.certificates = &certificate, .certificate_count = 1};

    listener_add(&fixture, "secure", "localhost:0")->tls = &tls;
    listener_add(&fixture, "plain", "127.0.0.1:0");
    listener_open_set(&fixture);
    ck_assert_uint_eq(fixture.set.count, 3);
    ck_assert_ptr_nonnull(fixture.set.listeners[0].tls);
    ck_assert_ptr_eq(fixture.set.listeners[0].tls, fixture.set.listeners[1].tls);
    ck_assert_ptr_null(fixture.set.listeners[2].tls);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);

    free(certificate.private_key);
    certificate.private_key = certificates_path("other.key");
    fixture = (struct listener_fixture){0};
    listener_add(&fixture, "secure", "127.0.0.1:0")->tls = &tls;
    listener_assert_refused(&fixture, "secure", "other.key");
    listener_fixture_free(&fixture);
    free(certificate.certificate);
    free(certificate.private_key);
}
END_TEST

/* --- the program --- */

static Suite *listener_suite(void)
{
    Suite *suite = suite_create("listener");
    TCase *ports = tcase_create("ports");
    TCase *tls = tcase_create("TLS");

    tcase_add_loop_test(ports, test_both_families_of_a_free_port_have_the_same_one, 0, 2);
    tcase_add_test(ports, test_another_port_is_tried_when_one_family_has_taken_it);
    tcase_add_test(ports, test_sockets_are_set_up_for_the_loop);
    tcase_add_test(ports, test_a_port_in_use_is_an_error);
    tcase_add_test(ports, test_every_failure_has_its_line);
    tcase_add_test(ports, test_an_address_of_another_machine_is_not_passed_over);
    tcase_add_test(ports, test_a_family_that_the_machine_lacks_is_passed_over);
    tcase_add_test(ports, test_a_listener_of_which_nothing_binds_is_refused);
    suite_add_tcase(suite, ports);
    tcase_add_test(tls, test_the_sockets_of_a_listener_share_its_tls_context);
    suite_add_tcase(suite, tls);
    return suite;
}

int main(void)
{
    int status;

    if (!listener_directory_make()) {
        return EXIT_FAILURE;
    }
    certificates_make();
    status = suite_run(listener_suite());
    certificates_remove();
    listener_directory_remove();
    return status;
}

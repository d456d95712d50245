/*
 * Listening sockets on free ports; what `-t` says of them.
 */
#include "net/listener_set.h"

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
    ck_assert_uint_ne(listener_port_of(fixture.set.sockets[0].bound), 0);
    ck_assert_uint_eq(listener_port_of(fixture.set.sockets[0].bound),
                      listener_port_of(fixture.set.sockets[1].bound));
    ck_assert(listener_accepts(fixture.set.sockets[0].bound));
    ck_assert(listener_accepts(fixture.set.sockets[1].bound));
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
        ck_assert_uint_eq(listener_port_of(fixture.set.sockets[0].bound),
                          listener_port_of(fixture.set.sockets[1].bound));
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
        int fd = fixture.set.sockets[i].bound->fd;
        int family = fixture.set.sockets[i].bound->address.storage.ss_family;

        ck_assert_int_ne(fcntl(fd, F_GETFL) & O_NONBLOCK, 0);
        ck_assert_int_ne(fcntl(fd, F_GETFD) & FD_CLOEXEC, 0);
        ck_assert_int_eq(option(fd, SOL_SOCKET, SO_ACCEPTCONN), 1);
        ck_assert(family == AF_UNIX || option(fd, SOL_SOCKET, SO_REUSEADDR) == 1);
        ck_assert(family != AF_INET6 || option(fd, IPPROTO_IPV6, IPV6_V6ONLY) == 1);
        ck_assert_str_eq(fixture.set.sockets[i].listener->name, listener->name);
        ck_assert_ptr_null(fixture.set.sockets[i].listener->tls);
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
    address_format(&owner.set.sockets[0].bound->address, address);
    listener_add_address(listener_add(&fixture, "second", "127.0.0.1:0"), address);
    listener_add(&fixture, "third", "127.0.0.1:0");
    listener_assert_refused(&fixture, "second", address);
    ck_assert(listener_accepts(owner.set.sockets[0].bound));
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
    ck_assert_int_eq(listener_set_open(&fixture.set, &fixture.config, NULL), -1);
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
    return listener_set_open(&fixture.set, &fixture.config, NULL) == 0 ? (int)fixture.set.count : 0;
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

/* --- beside another set --- */

/* A set beside that of `fixture`, with the same addresses as it has now. */
static void open_beside(struct listener_fixture *fixture, struct listener_set *set)
{
    ck_assert_int_eq(listener_set_open(set, &fixture->config, &fixture->set), 0);
}

START_TEST(test_addresses_that_are_there_are_kept)
{
    static const char *const addresses[] = {"localhost:0", "127.0.0.1:0"};
    struct listener_fixture fixture = {0};
    struct listener_set set;
    char unix_address[LISTENER_PATH_BYTES];

    listener_make_unix_address(unix_address, "kept-by-address.sock");
    listener_add_address(listener_add(&fixture, "plain", addresses[_i]), unix_address);
    listener_open_set(&fixture);
    open_beside(&fixture, &set);
    ck_assert_uint_eq(set.count, fixture.set.count);
    for (size_t i = 0; i < set.count; i++) {
        ck_assert(set.sockets[i].kept);
        ck_assert(!fixture.set.sockets[i].kept);
        ck_assert_ptr_eq(set.sockets[i].bound, fixture.set.sockets[i].bound);
    }
    listener_set_free(&fixture.set);
    ck_assert(listener_accepts(set.sockets[0].bound));
    listener_set_free(&set);
    ck_assert(!listener_path_exists(unix_address + 5));
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_free_port_that_was_got_can_be_asked_for_by_number)
{
    struct listener_fixture fixture = {0};
    struct listener_set set;
    char address[ADDRESS_TEXT_BYTES];
    struct listener_config *listener = listener_add(&fixture, "plain", "127.0.0.1:0");

    listener_open_set(&fixture);
    address_format(&fixture.set.sockets[0].bound->address, address);
    free(listener->addresses.items[0]);
    listener->addresses.items[0] = strdup(address);
    open_beside(&fixture, &set);
    ck_assert(set.sockets[0].kept);
    listener_set_free(&set);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_free_port_is_that_of_the_listener_that_got_it)
{
    struct listener_fixture fixture = {0};
    struct listener_set set;

    listener_add(&fixture, "plain", "127.0.0.1:0");
    listener_open_set(&fixture);
    free(fixture.listeners[0].name);
    fixture.listeners[0].name = strdup("another");
    listener_add(&fixture, "plain", "127.0.0.1:0");
    open_beside(&fixture, &set);
    ck_assert(!set.sockets[0].kept);
    ck_assert(set.sockets[1].kept);
    listener_set_free(&set);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_set_that_cannot_be_opened_leaves_the_other_as_it_was)
{
    struct listener_fixture fixture = {0};
    struct listener_set set;
    char address[ADDRESS_TEXT_BYTES];

    listener_add(&fixture, "plain", "127.0.0.1:0");
    listener_open_set(&fixture);
    address_format(&fixture.set.sockets[0].bound->address, address);
    listener_add(&fixture, "same", address); /* a socket is kept once */
    listener_add_address(listener_add(&fixture, "twice", "127.0.0.1:0"), address);
    listener_begin_log();
    ck_assert_int_eq(listener_set_open(&set, &fixture.config, &fixture.set), -1);
    ck_assert(listener_accepts(fixture.set.sockets[0].bound));
    ck_assert_uint_eq(atomic_load(&fixture.set.sockets[0].bound->references), 1);
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
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
    ck_assert_ptr_nonnull(fixture.set.sockets[0].listener->tls);
    ck_assert_ptr_eq(fixture.set.sockets[0].listener->tls, fixture.set.sockets[1].listener->tls);
    ck_assert_ptr_null(fixture.set.sockets[2].listener->tls);
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
    tcase_add_loop_test(ports, test_addresses_that_are_there_are_kept, 0, 2);
    tcase_add_test(ports, test_a_free_port_that_was_got_can_be_asked_for_by_number);
    tcase_add_test(ports, test_a_free_port_is_that_of_the_listener_that_got_it);
    tcase_add_test(ports, test_a_set_that_cannot_be_opened_leaves_the_other_as_it_was);
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

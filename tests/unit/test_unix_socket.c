/*
 * Unix sockets: mode, owner, and what stood at their path before.
 */
#include "net/listener_set.h"

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

START_TEST(test_a_unix_socket_gets_its_mode)
{
    struct listener_fixture fixture = {0};
    struct listener_config *listener;
    char address[LISTENER_PATH_BYTES];
    struct stat status;
    mode_t mask = umask(022);

    listener_make_unix_address(address, "mode.sock");
    listener = listener_add(&fixture, "local", address);
    listener->mode = 0666;
    listener_open_set(&fixture);
    ck_assert_int_eq(stat(address + 5, &status), 0);
    ck_assert_uint_eq(status.st_mode & 0777, 0666);
    ck_assert(listener_accepts(fixture.set.sockets[0].bound));
    ck_assert_uint_eq(umask(mask), 022);
    listener_set_free(&fixture.set);
    ck_assert(!listener_path_exists(address + 5));
    listener_fixture_free(&fixture);
}
END_TEST

/* Opens a socket where changing modes does nothing: 0 if the file is the owner's alone. */
static int create_without_chmod(const char *address)
{
    struct listener_fixture fixture = {0};
    struct stat status;

    listener_add(&fixture, "local", address);
#ifdef SYS_chmod
    listener_intercept(SYS_chmod, 0, 0, 0);
#endif
    listener_intercept(SYS_fchmodat, 0, 0, 0);
    (void)umask(0);
    if (listener_set_open(&fixture.set, &fixture.config, NULL) != 0 ||
        stat(address + 5, &status) != 0) {
        return LISTENER_CHILD_BROKEN;
    }
    return (status.st_mode & 0777) == 0600 ? 0 : 1;
}

START_TEST(test_a_unix_socket_is_created_for_its_owner_alone)
{
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "created.sock");
    ck_assert_int_eq(listener_run_child(create_without_chmod, address), 0);
}
END_TEST

START_TEST(test_an_unknown_owner_is_refused)
{
    struct listener_fixture fixture = {0};
    struct listener_config *listener;
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "owner.sock");
    listener = listener_add(&fixture, "local", address);
    listener->owner = strdup("no such user");
    listener_assert_refused(&fixture, "local", "user");
    free(listener->owner);
    listener->owner = NULL;
    listener->group = strdup("no such group");
    listener_assert_refused(&fixture, "local", "group");
    ck_assert(!listener_path_exists(address + 5));
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_unix_socket_is_given_to_its_owner)
{
    struct listener_fixture fixture = {0};
    struct listener_config *listener;
    char address[LISTENER_PATH_BYTES];
    struct stat status;

    listener_make_unix_address(address, "given.sock");
    listener = listener_add(&fixture, "local", address);
    listener->owner = strdup(geteuid() == 0 ? "nobody" : "root");
    if (geteuid() != 0) { /* giving away is root's right */
        listener_assert_refused(&fixture, "local", "not permitted");
        ck_assert(!listener_path_exists(address + 5));
    } else {
        listener_open_set(&fixture);
        ck_assert_int_eq(stat(address + 5, &status), 0);
        ck_assert_uint_ne(status.st_uid, 0);
        listener_set_free(&fixture.set);
    }
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_stale_unix_socket_is_replaced)
{
    struct listener_fixture fixture = {0};
    char address[LISTENER_PATH_BYTES];
    char kept[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "stale.sock");
    listener_make_path(kept, "kept.sock");
    listener_add(&fixture, "local", address);
    listener_open_set(&fixture);
    ck_assert_int_eq(link(address + 5, kept), 0);
    listener_set_free(&fixture.set);
    ck_assert_int_eq(rename(kept, address + 5), 0);
    listener_open_set(&fixture);
    ck_assert(listener_accepts(fixture.set.sockets[0].bound));
    listener_set_free(&fixture.set);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_live_unix_socket_is_refused)
{
    struct listener_fixture owner = {0};
    struct listener_fixture fixture = {0};
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "live.sock");
    listener_add(&owner, "first", address);
    listener_open_set(&owner);
    listener_add(&fixture, "second", address);
    listener_assert_refused(&fixture, address, "another process listens there");
    ck_assert(listener_accepts(owner.set.sockets[0].bound));
    listener_set_free(&owner.set);
    listener_fixture_free(&owner);
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_a_file_that_is_no_socket_is_refused_and_left_alone)
{
    struct listener_fixture fixture = {0};
    char address[LISTENER_PATH_BYTES];
    char link_path[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "file");
    close(open(address + 5, O_CREAT | O_WRONLY, 0600));
    listener_add(&fixture, "local", address);
    listener_assert_refused(&fixture, address, "not a socket");
    ck_assert(listener_path_exists(address + 5));
    listener_fixture_free(&fixture);

    fixture = (struct listener_fixture){0};
    listener_make_path(link_path, "link");
    ck_assert_int_eq(symlink("/nonexistent", link_path), 0);
    listener_make_unix_address(address, "link");
    listener_add(&fixture, "local", address);
    listener_assert_refused(&fixture, address, "not a socket");
    ck_assert(listener_path_exists(link_path));
    listener_fixture_free(&fixture);
}
END_TEST

START_TEST(test_unix_sockets_of_a_failed_start_are_removed)
{
    struct listener_fixture fixture = {0};
    char address[LISTENER_PATH_BYTES];

    listener_make_unix_address(address, "failed.sock");
    listener_add(&fixture, "local", address);
    listener_add(&fixture, "plain", "192.0.2.1:0");
    listener_assert_refused(&fixture, "plain", "192.0.2.1:0");
    ck_assert(!listener_path_exists(address + 5));
    listener_fixture_free(&fixture);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("unix socket");
    TCase *unix_sockets = tcase_create("unix sockets");
    int status;

    if (!listener_directory_make()) {
        return EXIT_FAILURE;
    }
    tcase_add_test(unix_sockets, test_a_unix_socket_gets_its_mode);
    tcase_add_test(unix_sockets, test_a_unix_socket_is_created_for_its_owner_alone);
    tcase_add_test(unix_sockets, test_an_unknown_owner_is_refused);
    tcase_add_test(unix_sockets, test_a_unix_socket_is_given_to_its_owner);
    tcase_add_test(unix_sockets, test_a_stale_unix_socket_is_replaced);
    tcase_add_test(unix_sockets, test_a_live_unix_socket_is_refused);
    tcase_add_test(unix_sockets, test_a_file_that_is_no_socket_is_refused_and_left_alone);
    tcase_add_test(unix_sockets, test_unix_sockets_of_a_failed_start_are_removed);
    suite_add_tcase(suite, unix_sockets);
    status = suite_run(suite);
    listener_directory_remove();
    return status;
}

/*
 * Addresses: what a configuration may write, and what the log shows.
 */
#include "net/address.h"

#include "suite.h"

#include <check.h>
#include <netinet/in.h>
#include <stdlib.h>
#include <string.h>
#include <sys/un.h>

/* Resolves `text` and joins what address_format says of each result with blanks. */
static void resolve_to_text(const char *text, char *joined, size_t room)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *error = NULL;
    size_t count = address_resolve(text, results, &error);

    ck_assert_msg(count > 0, "%s: %s", text, error);
    joined[0] = '\0';
    for (size_t i = 0; i < count; i++) {
        char one[ADDRESS_TEXT_BYTES];

        address_format(&results[i], one);
        ck_assert_uint_lt(strlen(joined) + strlen(one) + 1, room);
        strcat(strcat(joined, i > 0 ? " " : ""), one);
    }
}

static const struct {
    const char *text;
    const char *expected;
} good[] = {
    {"127.0.0.1:8080", "127.0.0.1:8080"},
    {"0.0.0.0:80", "0.0.0.0:80"},
    {"[::1]:8080", "[::1]:8080"},
    {"[2001:DB8::0:1]:65535", "[2001:db8::1]:65535"},
    {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]:1"},
    {"localhost:8080", "127.0.0.1:8080 [::1]:8080"},
    {"LocalHost:0", "127.0.0.1:0 [::1]:0"},
    {":8080", "[::]:8080 0.0.0.0:8080"},
    {"unix:/run/wsrelayd/ws.sock", "unix:/run/wsrelayd/ws.sock"},
    {"unix:/with:colon", "unix:/with:colon"},
};

START_TEST(test_an_address_resolves_to_all_that_it_stands_for)
{
    char joined[256];

    resolve_to_text(good[_i].text, joined, sizeof joined);
    ck_assert_str_eq(joined, good[_i].expected);
}
END_TEST

static const struct {
    const char *text;
    const char *error;
} bad[] = {
    {"", "port is missing"},
    {"8080", "port is missing"},
    {"localhost", "port is missing"},
    {"localhost:", "number from 0 to 65535"},
    {"localhost:http", "number from 0 to 65535"},
    {"localhost:65536", "number from 0 to 65535"},
    {"localhost:99999999999999999999", "number from 0 to 65535"},
    {"localhost:-1", "number from 0 to 65535"},
    {"localhost:+1", "number from 0 to 65535"},
    {"localhost: 1", "number from 0 to 65535"},
    {"localhost:80 ", "number from 0 to 65535"},
    {"::1:8080", "brackets"},
    {"[::1]", "[address]:port"},
    {"[::1]8080", "[address]:port"},
    {"[]:8080", "[address]:port"},
    {"[::1:8080", "[address]:port"},
    {"[127.0.0.1]:8080", ""},
    {"[localhost]:8080", ""},
    {"no such host:8080", ""},
    {"unix:", "absolute"},
    {"unix:relative", "absolute"},
    {"unix:@abstract", "absolute"},
};

START_TEST(test_a_bad_address_is_refused_with_a_sentence)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *error = NULL;

    ck_assert_uint_eq(address_resolve(bad[_i].text, results, &error), 0);
    ck_assert_ptr_nonnull(error);
    ck_assert_msg(strstr(error, bad[_i].error) != NULL, "%s: %s", bad[_i].text, error);
}
END_TEST

/* "unix:" and a path of so many bytes. */
static void unix_text(char *text, size_t path_bytes)
{
    memset(strcpy(text, "unix:/") + 6, 'x', path_bytes - 1);
    text[5 + path_bytes] = '\0';
}

START_TEST(test_a_unix_path_may_have_107_bytes)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *error = NULL;
    char text[256];
    char joined[256];

    unix_text(text, 107);
    resolve_to_text(text, joined, sizeof joined);
    ck_assert_str_eq(joined, text);
    unix_text(text, 108);
    ck_assert_uint_eq(address_resolve(text, results, &error), 0);
    ck_assert_ptr_nonnull(strstr(error, "107"));
}
END_TEST

START_TEST(test_a_host_name_of_any_length_does_no_harm)
{
    struct address results[ADDRESS_RESULTS_MAX];
    const char *error = NULL;
    char text[4096];

    memset(text, 'x', sizeof text);
    strcpy(text + sizeof text - 4, ":80");
    ck_assert_uint_eq(address_resolve(text, results, &error), 0);
    ck_assert_str_eq(error, "the host name is too long");
}
END_TEST

/* The address of a unix peer whose name is these bytes, as accept(2) gives it. */
static struct address unix_peer(const char *name, size_t bytes)
{
    struct address peer = {.storage.ss_family = AF_UNIX};

    peer.length = (socklen_t)(offsetof(struct sockaddr_un, sun_path) + bytes);
    if (bytes > 0) {
        memcpy(((struct sockaddr_un *)&peer.storage)->sun_path, name, bytes);
    }
    return peer;
}

static void assert_format(struct address address, const char *expected)
{
    char text[ADDRESS_TEXT_BYTES];

    address_format(&address, text);
    ck_assert_str_eq(text, expected);
}

START_TEST(test_a_unix_peer_without_a_name_is_shown)
{
    assert_format(unix_peer(NULL, 0), "unix:");
}
END_TEST

START_TEST(test_an_abstract_unix_peer_is_shown_with_an_at_sign)
{
    assert_format(unix_peer("\0name", 5), "unix:@name");
    assert_format(unix_peer("\0na\0me", 6), "unix:@na");
}
END_TEST

START_TEST(test_a_unix_path_without_a_terminator_is_not_read_beyond_its_end)
{
    char path[sizeof(((struct sockaddr_un *)NULL)->sun_path)];
    char expected[ADDRESS_TEXT_BYTES] = "unix:";
    struct address peer;

    memset(path, 'p', sizeof path);
    memcpy(expected + 5, path, sizeof path);
    peer = unix_peer(path, sizeof path);
    memset((char *)&peer.storage + peer.length, '!', sizeof peer.storage - peer.length);
    assert_format(peer, expected);
    assert_format(unix_peer("/short!", 6), "unix:/short");
}
END_TEST

START_TEST(test_a_link_local_address_is_shown_with_its_zone)
{
    struct address peer = {.length = sizeof(struct sockaddr_in6)};
    struct sockaddr_in6 *name = (struct sockaddr_in6 *)&peer.storage;

    name->sin6_family = AF_INET6;
    name->sin6_addr.s6_addr[0] = 0xfe;
    name->sin6_addr.s6_addr[1] = 0x80;
    name->sin6_addr.s6_addr[15] = 1;
    name->sin6_scope_id = UINT32_MAX;
    name->sin6_port = htons(443);
    assert_format(peer, "[fe80::1%4294967295]:443");
}
END_TEST

START_TEST(test_an_unknown_family_is_shown_as_such)
{
    assert_format((struct address){0}, "unknown");
}
END_TEST

static Suite *address_suite(void)
{
    Suite *suite = suite_create("address");
    TCase *resolve = tcase_create("resolve");
    TCase *format = tcase_create("format");

    tcase_add_loop_test(resolve, test_an_address_resolves_to_all_that_it_stands_for, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(resolve, test_a_bad_address_is_refused_with_a_sentence, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(resolve, test_a_unix_path_may_have_107_bytes);
    tcase_add_test(resolve, test_a_host_name_of_any_length_does_no_harm);
    suite_add_tcase(suite, resolve);
    tcase_add_test(format, test_a_unix_peer_without_a_name_is_shown);
    tcase_add_test(format, test_an_abstract_unix_peer_is_shown_with_an_at_sign);
    tcase_add_test(format, test_a_unix_path_without_a_terminator_is_not_read_beyond_its_end);
    tcase_add_test(format, test_a_link_local_address_is_shown_with_its_zone);
    tcase_add_test(format, test_an_unknown_family_is_shown_as_such);
    suite_add_tcase(suite, format);
    return suite;
}

int main(void)
{
    return suite_run(address_suite());
}

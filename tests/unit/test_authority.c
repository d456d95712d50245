/*
 * Hosts and ports as fields, targets and origins have them.
 */
#include "protocol/authority.h"

#include "suite.h"

#include <stdlib.h>

static const struct {
    const char *text;
    const char *host;
    int port;
} good[] = {
    {"a", "a", AUTHORITY_NO_PORT},
    {"localhost", "localhost", AUTHORITY_NO_PORT},
    {"LocalHost:8080", "LocalHost", 8080},
    {"example.org.", "example.org.", AUTHORITY_NO_PORT},
    {"under_score.~x-1", "under_score.~x-1", AUTHORITY_NO_PORT},
    {"127.0.0.1:1", "127.0.0.1", 1},
    {"a:", "a", AUTHORITY_NO_PORT},
    {"a:0", "a", 0},
    {"a:65535", "a", 65535},
    {"a:0000000000000000000080", "a", 80},
    {"[::1]", "[::1]", AUTHORITY_NO_PORT},
    {"[::1]:", "[::1]", AUTHORITY_NO_PORT},
    {"[2001:DB8::a]:443", "[2001:DB8::a]", 443},
    {"[::ffff:192.0.2.1]:1", "[::ffff:192.0.2.1]", 1},
    {"[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]",
     "[ffff:ffff:ffff:ffff:ffff:ffff:255.255.255.255]", AUTHORITY_NO_PORT},
};

START_TEST(test_host_and_port_are_told_apart)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct authority authority;

        ck_assert_msg(authority_parse(slice_of(good[i].text), &authority), "%s", good[i].text);
        ck_assert_msg(slice_equal(authority.host, slice_of(good[i].host)), "%s", good[i].text);
        ck_assert_int_eq(authority.port, good[i].port);
    }
}
END_TEST

static const char *const bad[] = {
    "",
    ":",
    ":80",
    "a b",
    "a:65536",
    "a:99999",
    "a:4294967376", /* 80, once it has wrapped around in 32 bits */
    "a:18446744073709551696",
    "a:x",
    "a:8x",
    "a:-1",
    "a:+1",
    "a: 1",
    "a:1:2",
    "a,b",
    "a/",
    "a?b",
    "a#b",
    "a\\b",
    "user@a",
    "user:password@a",
    "%61",
    "*.a",
    "\xC3\xA4",
    "::1",
    "[",
    "]",
    "[]",
    "[::1",
    "[::1]x",
    "[::1]]",
    "[[::1]]",
    "[::1%eth0]",
    "[127.0.0.1]",
    "[:::1]",
    "[v1.a]",
    "[0000:0000:0000:0000:0000:0000:0000:0000:0000:0000:0000]",
    "a[::1]",
};

START_TEST(test_anything_else_is_no_authority)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct authority authority;

        ck_assert_msg(!authority_parse(slice_of(bad[i]), &authority), "%s", bad[i]);
    }
}
END_TEST

/* In a block of its own size, so that a look behind the end shows. */
START_TEST(test_every_byte_in_every_place_gives_an_answer)
{
    static const char *const texts[] = {"ab:80", "[::1]", "[::]:1"};

    for (size_t i = 0; i < sizeof texts / sizeof *texts; i++) {
        size_t length = strlen(texts[i]);
        char *text = malloc(length);

        for (size_t place = 0; place < length; place++) {
            memcpy(text, texts[i], length);
            for (unsigned byte = 0; byte < 256; byte++) {
                struct authority authority;

                text[place] = (char)byte;
                ck_assert(!authority_parse((struct slice){text, length}, &authority) ||
                          (byte > ' ' && byte < 0x7F));
            }
        }
        free(text);
    }
}
END_TEST

START_TEST(test_an_address_does_not_end_at_a_nul)
{
    struct authority authority;

    ck_assert(!authority_parse(SLICE("[::1\0.example.org]"), &authority));
    ck_assert(!authority_parse(SLICE("a\0b"), &authority));
}
END_TEST

static const struct {
    const char *host;
    const char *written;
    bool is_address;
} hosts[] = {
    {"Example.ORG", "example.org", false},
    {"[::1]", "[::1]", true},
    {"[0:0::1]", "[::1]", true},
    {"[0000:0:0:0:0:0:0:0001]", "[::1]", true},
    {"[2001:DB8::A]", "[2001:db8::a]", true},
    {"[::FFFF:7f7f:7f7f]", "[::ffff:127.127.127.127]", true},
    {"127.0.0.1", "127.0.0.1", true},
    {"1.2.3", "1.2.3", false},
    {"1.2.3.4.5", "1.2.3.4.5", false},
    {"a.1.2.3.4", "a.1.2.3.4", false},
};

START_TEST(test_hosts_that_are_the_same_are_written_the_same)
{
    char target[AUTHORITY_HOST_MAX_BYTES];

    for (size_t i = 0; i < sizeof hosts / sizeof *hosts; i++) {
        struct slice host = slice_of(hosts[i].host);

        ck_assert_msg(slice_equal(authority_write_host(target, host), slice_of(hosts[i].written)),
                      "%s", hosts[i].host);
        ck_assert_msg(authority_is_address(host) == hosts[i].is_address, "%s", hosts[i].host);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("authority");
    TCase *tests = tcase_create("texts");

    tcase_add_test(tests, test_host_and_port_are_told_apart);
    tcase_add_test(tests, test_anything_else_is_no_authority);
    tcase_add_test(tests, test_every_byte_in_every_place_gives_an_answer);
    tcase_add_test(tests, test_hosts_that_are_the_same_are_written_the_same);
    tcase_add_test(tests, test_an_address_does_not_end_at_a_nul);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

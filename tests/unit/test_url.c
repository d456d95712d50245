/*
 * URLs that can be measured.
 */
#include "bench/url.h"

#include "suite.h"

struct good {
    const char *text;
    enum url_scheme scheme;
    const char *host;
    int port;
    const char *resource;
    const char *authority;
};

static const struct good goods[] = {
    {"ws://localhost", URL_WS, "localhost", 80, "/", "localhost"},
    {"ws://localhost/", URL_WS, "localhost", 80, "/", "localhost"},
    {"WS://example.org:8080/a/b?c=d", URL_WS, "example.org", 8080, "/a/b?c=d", "example.org:8080"},
    {"ws://example.org?c", URL_WS, "example.org", 80, "?c", "example.org"},
    {"wss://example.org", URL_WSS, "example.org", 443, "/", "example.org"},
    {"wss://[::1]:444/x", URL_WSS, "::1", 444, "/x", "[::1]:444"},
    {"tcp://127.0.0.1:7", URL_TCP, "127.0.0.1", 7, "/", "127.0.0.1:7"},
    {"ws+unix:/run/a.sock", URL_UNIX, "/run/a.sock", 0, "/", "localhost"},
    {"ws+unix:/run/a.sock:/chat?x=1:2", URL_UNIX, "/run/a.sock", 0, "/chat?x=1:2", "localhost"},
};

START_TEST(test_what_a_url_says)
{
    const struct good *good = &goods[_i];
    struct url url;
    const char *why = url_parse(good->text, &url);

    ck_assert_msg(why == NULL, "%s: %s", good->text, why);
    ck_assert_int_eq(url.scheme, good->scheme);
    ck_assert(slice_equal(url.host, slice_of(good->host)));
    ck_assert_int_eq(url.port, good->port);
    ck_assert(slice_equal(url.resource, slice_of(good->resource)));
    ck_assert(slice_equal(url.authority, slice_of(good->authority)));
    ck_assert_str_eq(url.text, good->text);
}
END_TEST

static const char *const bads[] = {
    "",
    "localhost:80",
    "http://localhost/",
    "ws:/localhost",
    "ws://",
    "ws:///path",
    "ws://host:65536/",
    "ws://host:http/",
    "ws://user@host/",
    "ws://host/a#fragment",
    "ws://host/a b",
    "ws://host/\xc3\xa4",
    "tcp://host",
    "tcp://host:1/path",
    "ws+unix:",
    "ws+unix:/run/a b.sock",
    "ws+unix:relative.sock",
    "ws+unix::/path",
    "ws+unix:/run/a.sock:chat",
};

START_TEST(test_what_is_no_url_is_told_so)
{
    struct url url;

    ck_assert_msg(url_parse(bads[_i], &url) != NULL, "%s", bads[_i]);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("url");
    TCase *tests = suite_case(suite, "url");

    tcase_add_loop_test(tests, test_what_a_url_says, 0, sizeof goods / sizeof *goods);
    tcase_add_loop_test(tests, test_what_is_no_url_is_told_so, 0, sizeof bads / sizeof *bads);
    return suite_run(suite);
}

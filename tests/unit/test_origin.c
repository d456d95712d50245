/*
 * Which origins a pattern lets in: the ways in which a page elsewhere could pass for one of ours.
 */
#include "protocol/origin.h"

#include "suite.h"

#include <stdlib.h>

static const struct {
    const char *pattern;
    const char *origin;
    bool matches;
} pairs[] = {
    {"https://example.com", "https://example.com", true},
    {"https://example.com", "https://example.com:443", true},
    {"https://example.com:443", "https://example.com", true},
    {"http://example.com", "http://example.com:80", true},
    {"https://example.com:8443", "https://example.com:8443", true},
    {"https://example.com", "HTTPS://Example.COM", true},
    {"HTTPS://EXAMPLE.COM", "https://example.com", true},
    {"http://localhost:3000", "http://localhost:3000", true},
    {"http://127.0.0.1", "http://127.0.0.1", true},
    {"https://[2001:DB8::1]:1", "https://[2001:db8::1]:1", true},
    {"chrome-extension://abcdefgh", "chrome-extension://abcdefgh", true},
    {"x://a", "x://a", true},
    /* another scheme or port */
    {"https://example.com", "http://example.com", false},
    {"http://example.com", "https://example.com", false},
    {"https://example.com", "wss://example.com", false},
    {"https://example.com", "http://example.com:443", false},
    {"http://example.com:443", "https://example.com", false},
    {"https://example.com", "https://example.com:8443", false},
    {"https://example.com:8443", "https://example.com", false},
    {"https://example.com", "https://example.com:80", false},
    {"https://example.com", "httpsx://example.com", false},
    {"x://a", "x://a:0", false},
    {"x://a", "y://a", false},
    /* another host */
    {"https://example.com", "https://evil-example.com", false},
    {"https://example.com", "https://evilexample.com", false},
    {"https://example.com", "https://example.com.evil", false},
    {"https://example.com", "https://example.comevil", false},
    {"https://example.com", "https://www.example.com", false},
    {"https://example.com", "https://example.co", false},
    {"https://example.com", "https://example.com.", false},
    {"https://example.com", "https://exampleXcom", false},
    {"http://127.0.0.1", "http://127.0.0.1.evil", false},
    {"https://[::1]", "https://[::2]", false},
    {"https://[0:0::1]", "https://[::1]", true},
    /* what is no origin */
    {"https://example.com", "", false},
    {"https://example.com", "null", false},
    {"https://example.com", "example.com", false},
    {"https://example.com", "//example.com", false},
    {"https://example.com", "https:example.com", false},
    {"https://example.com", "https://", false},
    {"https://example.com", "https://example.com/", false},
    {"https://example.com", "https://example.com/x", false},
    {"https://example.com", "https://example.com?x", false},
    {"https://example.com", "https://example.com#x", false},
    {"https://example.com", "https://user@example.com", false},
    {"https://example.com", "https://example.com@evil", false},
    {"https://example.com", "https://example.com:443@evil", false},
    {"https://example.com", "https://evil#example.com", false},
    {"https://example.com", "https://evil\\example.com", false},
    {"https://example.com", "https://evil https://example.com", false},
    {"https://example.com", "https://example.com https://evil", false},
    {"https://example.com", "https://example.com, https://evil", false},
    {"https://example.com", " https://example.com", false},
    {"https://example.com", "https://example.com:", true}, /* an empty port is an absent one */
    {"https://example.com", "https://example.com:x", false},
    {"https://example.com", "https://example.com:65979", false}, /* 443 in 16 bits */
    {"https://example.com", "https://example.com:443:443", false},
    {"https://example.com", "https://example%2ecom", false},
    {"https://example.com", "*", false},
    {"https://example.com", "https://*", false},
    /* any name below */
    {"https://*.example.com", "https://a.example.com", true},
    {"https://*.example.com", "https://a.b.example.com", true},
    {"https://*.example.com", "https://A.EXAMPLE.com:443", true},
    {"https://*.example.com:8443", "https://a.example.com:8443", true},
    {"https://*.example.com", "https://example.com", false},
    {"https://*.example.com", "https://.example.com", false},
    {"https://*.example.com", "https://evilexample.com", false},
    {"https://*.example.com", "https://evil-example.com", false},
    {"https://*.example.com", "https://a.example.com.evil", false},
    {"https://*.example.com", "http://a.example.com", false},
    {"https://*.example.com", "https://a.example.com:8443", false},
    {"https://*.example.com", "https://*.example.com", false},
    {"https://*.example.com", "https://com", false},
    {"https://*.example.com", "https://user@a.example.com", false},
    {"https://*.example.com", "https://evil/.example.com", false},
    {"https://*.example.com", "null", false},
    /* pages without an origin */
    {"null", "null", true},
    {"null", "NULL", false},
    {"null", "", false},
    {"null", "https://null", false},
    {"https://null", "null", false},
    /* a pattern that is none */
    {"", "", false},
    {"*", "https://example.com", false},
    {"any", "any", false},
    {"https://", "https://", false},
    {"https://example.com/", "https://example.com/", false},
};

START_TEST(test_scheme_host_and_port_are_compared_exactly)
{
    for (size_t i = 0; i < sizeof pairs / sizeof *pairs; i++) {
        ck_assert_msg(origin_matches(slice_of(pairs[i].pattern), slice_of(pairs[i].origin)) ==
                          pairs[i].matches,
                      "%s and %s", pairs[i].pattern, pairs[i].origin);
    }
}
END_TEST

START_TEST(test_no_single_changed_byte_gets_in)
{
    const struct slice pattern = SLICE("https://example.com:8443");

    for (size_t place = 0; place < pattern.length; place++) {
        for (unsigned byte = 0; byte < 256; byte++) {
            char origin[32];
            struct slice text = {origin, pattern.length};

            memcpy(origin, pattern.data, pattern.length);
            origin[place] = (char)byte;
            ck_assert_int_eq(origin_matches(pattern, text), slice_equal_nocase(pattern, text));
        }
    }
}
END_TEST

static const struct {
    const char *pattern;
    bool valid;
} patterns[] = {
    {"null", true},
    {"https://example.com", true},
    {"https://EXAMPLE.com:8443", true},
    {"http://localhost:3000", true},
    {"http://[::1]:3000", true},
    {"https://*.example.com", true},
    {"https://*.example.com:8443", true},
    {"moz-extension://1234", true},
    {"a1+-.://b", true},
    {"", false},
    {"any", false},
    {"*", false},
    {"Null", false},
    {"example.com", false},
    {"https://", false},
    {"https:", false},
    {"https:///", false},
    {"://a", false},
    {"1https://a", false},
    {"ht tps://a", false},
    {"https://*", false},
    {"https://*.", false},
    {"https://*.*.example.com", false},
    {"https://a.*.example.com", false},
    {"https://*example.com", false},
    {"https://*.[::1]", false},
    {"https://*.1.2.3.4", false},
    {"ws://example.com", false},
    {"WSS://*.example.com", false},
    {"wss+x://example.com", true},
    {"*://example.com", false},
    {"https://example.com:*", false},
    {"https://example.com:65536", false},
    {"https://example.com/", false},
    {"https://example.com/path", false},
    {"https://user@example.com", false},
    {"https://a,https://b", false},
    {" https://a", false},
};

START_TEST(test_a_pattern_is_null_or_an_origin_that_may_begin_with_a_star)
{
    for (size_t i = 0; i < sizeof patterns / sizeof *patterns; i++) {
        ck_assert_msg(origin_pattern_valid(slice_of(patterns[i].pattern)) == patterns[i].valid,
                      "%s", patterns[i].pattern);
    }
}
END_TEST

static const struct {
    const char *pattern;
    const char *written;
} written_patterns[] = {
    {"null", "null"},
    {"https://a.b", "https://a.b"},
    {"HTTPS://A.B", "https://a.b"},
    {"https://a.b:443", "https://a.b"},
    {"https://a.b:", "https://a.b"},
    {"https://a.b:0443", "https://a.b"},
    {"http://a.b:443", "http://a.b:443"},
    {"http://*.A:80", "http://*.a"},
    {"app://a:80", "app://a:80"},
    {"app://a", "app://a"},
    {"https://[0:0::1]:8443", "https://[::1]:8443"},
    {"a://[1::2:3:4:5:6:7]", "a://[1:0:2:3:4:5:6:7]"},
    {"a://[::ffff:7f7f:7f7f]", "a://[::ffff:127.127.127.127]"},
};

START_TEST(test_patterns_for_the_same_origins_are_written_the_same)
{
    for (size_t i = 0; i < sizeof written_patterns / sizeof *written_patterns; i++) {
        struct slice pattern = slice_of(written_patterns[i].pattern);
        char *target = malloc(pattern.length + ORIGIN_PATTERN_GROWTH_BYTES);
        size_t length = origin_pattern_write(target, pattern);

        ck_assert_msg(
            slice_equal((struct slice){target, length}, slice_of(written_patterns[i].written)),
            "%s", written_patterns[i].pattern);
        free(target);
    }
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("origin");
    TCase *tests = tcase_create("origins");

    tcase_add_test(tests, test_scheme_host_and_port_are_compared_exactly);
    tcase_add_test(tests, test_no_single_changed_byte_gets_in);
    tcase_add_test(tests, test_a_pattern_is_null_or_an_origin_that_may_begin_with_a_star);
    tcase_add_test(tests, test_patterns_for_the_same_origins_are_written_the_same);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

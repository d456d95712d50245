/*
 * Request targets and the one normal form of paths.
 */
#include "protocol/target.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>

static const struct {
    const char *raw;
    const char *path;
    const char *query;
    const char *authority; /* NULL: an origin-form target */
} good[] = {
    {"/", "/", "", NULL},
    {"/x", "/x", "", NULL},
    {"/x/", "/x/", "", NULL},
    {"/x?", "/x", "", NULL},
    {"/x?q", "/x", "q", NULL},
    {"/?a=b&c=/..//%2F%zz?{}|\\^`\"<>", "/", "a=b&c=/..//%2F%zz?{}|\\^`\"<>", NULL},
    {"/Case/case", "/Case/case", "", NULL},
    {"/a;b=c,d:e@f!$&'()*+", "/a;b=c,d:e@f!$&'()*+", "", NULL},
    {"/...", "/...", "", NULL},
    {"/.a/b./..c", "/.a/b./..c", "", NULL},
    {"/%7Eu%73er/%2da%5F%2e", "/~user/-a_.", "", NULL},
    {"/%41%5a%61%7a%30%39", "/AZaz09", "", NULL},
    {"/%c3%bc%25%20%3f%5C", "/%C3%BC%25%20%3F%5C", "", NULL},
    {"/%25%32%46", "/%252F", "", NULL}, /* decoded once only */
    {"/%3B/%3b", "/%3B/%3B", "", NULL}, /* reserved: not the same as ";" */
    {"http://host/x", "/x", "", "host"},
    {"https://host:8443/x?q", "/x", "q", "host:8443"},
    {"HtTp://[::1]:80/%61", "/a", "", "[::1]:80"},
    {"http://host", "/", "", "host"},
    {"http://host?q/r", "/", "q/r", "host"},
    {"http:///x", "/x", "", ""},
    {"http://user@host/", "/", "", "user@host"},
};

/* Parses with a buffer of just the size that is asked for: what is written behind it shows. */
static bool parse(struct slice raw, struct target *target, char **buffer)
{
    struct http_refusal refusal = {0};
    bool right;

    *buffer = malloc(raw.length > 0 ? raw.length : 1);
    right = target_parse(raw, *buffer, target, &refusal);
    if (refusal.status != (right ? 0 : 400) || (refusal.reason == NULL) != right) {
        ck_abort_msg("%.*s: %d", (int)raw.length, raw.data, refusal.status);
    }
    return right;
}

START_TEST(test_a_target_is_split_and_its_path_normalised)
{
    for (size_t i = 0; i < sizeof good / sizeof *good; i++) {
        struct target target;
        char *buffer;

        ck_assert_msg(parse(slice_of(good[i].raw), &target, &buffer), "%s", good[i].raw);
        ck_assert_msg(slice_equal(target.path, slice_of(good[i].path)), "%s became %.*s",
                      good[i].raw, (int)target.path.length, target.path.data);
        ck_assert_msg(slice_equal(target.query, slice_of(good[i].query)), "%s", good[i].raw);
        ck_assert_msg(slice_equal(target.authority, slice_of(good[i].authority)), "%s",
                      good[i].raw);
        ck_assert_int_eq(target.authority.data != NULL, good[i].authority != NULL);
        free(buffer);
    }
}
END_TEST

#define TEXT(literal)                                                                              \
    {                                                                                              \
        (literal), sizeof(literal) - 1                                                             \
    }

static const struct slice bad[] = {
    TEXT(""),
    TEXT("*"),
    TEXT("x"),
    TEXT("?q"),
    TEXT("\\"),
    TEXT("host:80"),
    TEXT("http:/x"),
    TEXT("http:"),
    TEXT("ftp://host/"),
    TEXT("ws://host/"),
    /* fragments */
    TEXT("/#"),
    TEXT("/x#y"),
    TEXT("/?a#b"),
    TEXT("http://host#x"),
    /* bytes outside of the grammar */
    TEXT("/\0"),
    TEXT("/a\0b"),
    TEXT("/\x80"),
    TEXT("/\xC3\xBC"),
    TEXT("/\xFF"),
    TEXT("/a b"),
    TEXT("/a\tb"),
    TEXT("/\""),
    TEXT("/<a>"),
    TEXT("/{a}"),
    TEXT("/a|b"),
    TEXT("/a\\b"),
    TEXT("/^"),
    TEXT("/`"),
    TEXT("/?\x7F"),
    TEXT("/?\x80"),
    TEXT("/? "),
    TEXT("/?\0"),
    TEXT("http://host\0/"),
    /* escapes */
    TEXT("/%"),
    TEXT("/%4"),
    TEXT("/%zz"),
    TEXT("/%4g"),
    TEXT("/%-1"),
    TEXT("/a%"),
    TEXT("/%00"),
    TEXT("/a%00b"),
    TEXT("/%2F"),
    TEXT("/a%2fb"),
    TEXT("/%\0\0"),
    /* dots */
    TEXT("/."),
    TEXT("/.."),
    TEXT("/./"),
    TEXT("/../"),
    TEXT("/a/../b"),
    TEXT("/a/./b"),
    TEXT("/a/.."),
    TEXT("/%2e"),
    TEXT("/%2E%2e"),
    TEXT("/.%2e/a"),
    TEXT("/%2e./a"),
    TEXT("http://host/.."),
    /* empty segments */
    TEXT("//"),
    TEXT("//a"),
    TEXT("/a//b"),
    TEXT("/a//"),
    TEXT("http://host//"),
};

START_TEST(test_anything_ambiguous_is_refused)
{
    for (size_t i = 0; i < sizeof bad / sizeof *bad; i++) {
        struct target target;
        char *buffer;

        ck_assert_msg(!parse(bad[i], &target, &buffer), "row %zu: %s", i, bad[i].data);
        free(buffer);
    }
}
END_TEST

/* RFC 3986 sections 2.3 and 3.3. */
static bool is_unreserved(unsigned byte)
{
    return (byte >= '0' && byte <= '9') || (byte >= 'A' && byte <= 'Z') ||
           (byte >= 'a' && byte <= 'z') || (byte > 0 && strchr("-._~", (int)byte) != NULL);
}

START_TEST(test_a_raw_byte_is_right_if_the_grammar_has_it)
{
    for (unsigned byte = 0; byte < 256; byte++) {
        const char raw[] = {'/', 'a', (char)byte, 'b'};
        bool expected =
            is_unreserved(byte) || (byte > 0 && strchr("!$&'()*+,;=:@/?", (int)byte) != NULL);
        struct target target;
        char *buffer;

        ck_assert_msg(parse((struct slice){raw, sizeof raw}, &target, &buffer) == expected, "%02x",
                      byte);
        free(buffer);
    }
}
END_TEST

START_TEST(test_an_escape_is_decoded_if_its_byte_is_unreserved)
{
    for (unsigned byte = 1; byte < 256; byte++) {
        for (unsigned form = 0; form < 2; form++) {
            char raw[8];
            char expected[8];
            struct target target;
            char *buffer;

            snprintf(raw, sizeof raw, form == 0 ? "/a%%%02x" : "/a%%%02X", byte);
            snprintf(expected, sizeof expected, is_unreserved(byte) ? "/a%c" : "/a%%%02X", byte);
            if (byte != '/') {
                ck_assert(parse(slice_of(raw), &target, &buffer));
                ck_assert_msg(slice_equal(target.path, slice_of(expected)), "%s", raw);
                free(buffer);
            }
        }
    }
}
END_TEST

/* Random paths of what matters to normalising. */
START_TEST(test_a_normal_path_is_its_own_normal_form)
{
    static const char *const pieces[] = {"/",   "a",   ".",   "%41", "%2E", "%7e", "%c3",
                                         "%25", "%2f", "%00", "%",   ";",   "?",   "~"};
    unsigned accepted = 0;

    srandom(3);
    for (unsigned i = 0; i < 20000; i++) {
        char raw[64] = "/";
        struct target target;
        struct target again;
        char *buffer;
        char *second_buffer;

        for (long count = random() % 8; count > 0; count--) {
            strcat(raw, pieces[(size_t)random() % (sizeof pieces / sizeof *pieces)]);
        }
        if (parse(slice_of(raw), &target, &buffer)) {
            accepted++;
            if (!parse(target.path, &again, &second_buffer) ||
                !slice_equal(again.path, target.path)) {
                ck_abort_msg("%s", raw);
            }
            free(second_buffer);
        }
        free(buffer);
    }
    ck_assert_uint_gt(accepted, 1000);
}
END_TEST

START_TEST(test_a_long_path_is_normalised_in_the_room_it_came_in)
{
    char raw[4096 + 1] = "";
    struct target target;
    char *buffer;

    for (size_t i = 0; i < 4096; i += 4) {
        memcpy(raw + i, i % 8 == 0 ? "/%61" : "/%ff", 4);
    }
    ck_assert(parse(slice_of(raw), &target, &buffer));
    ck_assert_uint_eq(target.path.length, 4096 / 8 * 6);
    ck_assert_mem_eq(target.path.data, "/a/%FF/a/%FF", 12);
    free(buffer);
}
END_TEST

START_TEST(test_a_configured_path_gets_the_same_normal_form)
{
    char buffer[16];
    struct slice path;
    struct http_refusal refusal = {0};

    ck_assert(target_normalise_path(SLICE("/%72oom/%c3%bc"), buffer, &path, &refusal));
    ck_assert(slice_equal(path, SLICE("/room/%C3%BC")));
    ck_assert(!target_normalise_path(SLICE("/a?b"), buffer, &path, &refusal));
    ck_assert_uint_eq(path.length, 0);
    ck_assert(!target_normalise_path(SLICE("http://host/a"), buffer, &path, &refusal));
    ck_assert(!target_normalise_path(slice_of(NULL), buffer, &path, &refusal));
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("target");
    TCase *tests = tcase_create("targets");

    tcase_add_test(tests, test_a_target_is_split_and_its_path_normalised);
    tcase_add_test(tests, test_anything_ambiguous_is_refused);
    tcase_add_test(tests, test_a_raw_byte_is_right_if_the_grammar_has_it);
    tcase_add_test(tests, test_an_escape_is_decoded_if_its_byte_is_unreserved);
    tcase_add_test(tests, test_a_normal_path_is_its_own_normal_form);
    tcase_add_test(tests, test_a_long_path_is_normalised_in_the_room_it_came_in);
    tcase_add_test(tests, test_a_configured_path_gets_the_same_normal_form);
    suite_add_tcase(suite, tests);
    return suite_run(suite);
}

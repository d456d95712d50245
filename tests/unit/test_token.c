/*
 * Tests of admin/token.c: what a token file may hold, and what opens.
 */
#include "admin/token.h"

#include "suite.h"

#include <fcntl.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/stat.h>
#include <unistd.h>

#define TOKEN "0123456789abcdef"

static char path[64];
static struct token token;
static bool exposed;

static void create_file(void)
{
    int fd;

    snprintf(path, sizeof path, "/tmp/wsrelayd-test-token-XXXXXX");
    fd = mkstemp(path);
    ck_assert_int_ge(fd, 0);
    (void)close(fd);
}

static void remove_file(void)
{
    (void)unlink(path);
}

static const char *read_text(const char *text, size_t length)
{
    FILE *file = fopen(path, "we");

    ck_assert_ptr_nonnull(file);
    ck_assert_uint_eq(fwrite(text, 1, length, file), length);
    ck_assert_int_eq(fclose(file), 0);
    return token_read(&token, path, &exposed);
}

static bool opens(const char *authorization)
{
    return token_opens(&token, slice_of(authorization));
}

/* ---- the file ---- */

static const char *const good[] = {
    TOKEN,
    TOKEN "\n",
    TOKEN "\r\nmore",
    " \t" TOKEN " \t\r\n",
    TOKEN "\n\nanother line that is not looked at: \xff",
};

START_TEST(test_the_first_line_without_blanks_is_the_token)
{
    ck_assert_ptr_null(read_text(good[_i], strlen(good[_i])));
    ck_assert(opens("Bearer " TOKEN));
}
END_TEST

static const char *const bad[] = {
    "",         "\n", "\n" TOKEN, "0123456789abcde", TOKEN " " TOKEN, TOKEN ",", TOKEN "\xc3\xa9",
    TOKEN "\"",
};

START_TEST(test_a_line_that_is_no_token_is_refused)
{
    const char *problem = read_text(bad[_i], strlen(bad[_i]));

    ck_assert_ptr_nonnull(problem);
    ck_assert_msg(strstr(problem, TOKEN) == NULL, "the problem shows the token");
    ck_assert_uint_eq(token.length, 0);
    ck_assert(!opens("Bearer " TOKEN));
}
END_TEST

START_TEST(test_a_nul_is_no_part_of_a_token)
{
    ck_assert_ptr_nonnull(read_text(TOKEN "\0" TOKEN, 2 * strlen(TOKEN) + 1));
}
END_TEST

START_TEST(test_length_is_limited)
{
    static const struct {
        size_t length;
        bool good;
    } rows[] = {{TOKEN_MIN_BYTES - 1, false},  {TOKEN_MIN_BYTES, true},
                {TOKEN_MIN_BYTES + 1, true},   {TOKEN_MAX_BYTES - 1, true},
                {TOKEN_MAX_BYTES, true},       {TOKEN_MAX_BYTES + 1, false},
                {TOKEN_MAX_BYTES + 63, false}, {TOKEN_MAX_BYTES + 64, false},
                {10 * TOKEN_MAX_BYTES, false}};
    char text[10 * TOKEN_MAX_BYTES];

    memset(text, 'x', sizeof text);
    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(read_text(text, rows[i].length) == NULL, rows[i].good);
        ck_assert_uint_eq(token.length, rows[i].good ? rows[i].length : 0);
    }
}
END_TEST

START_TEST(test_a_file_that_others_may_read_is_exposed)
{
    static const struct {
        mode_t mode;
        bool exposed;
    } rows[] = {{0600, false}, {0640, false}, {0644, true}, {0604, true}};

    for (size_t i = 0; i < sizeof rows / sizeof *rows; i++) {
        ck_assert_int_eq(chmod(path, rows[i].mode), 0);
        ck_assert_ptr_null(read_text(TOKEN, strlen(TOKEN)));
        ck_assert_int_eq(exposed, rows[i].exposed);
    }
}
END_TEST

START_TEST(test_what_is_no_file_is_refused)
{
    ck_assert_ptr_nonnull(token_read(&token, "/tmp", &exposed));
    ck_assert_ptr_nonnull(token_read(&token, "/dev/null", &exposed));
    ck_assert_ptr_nonnull(token_read(&token, "/nowhere/at/all", &exposed));
    remove_file();
    ck_assert_int_eq(mkfifo(path, 0600), 0);
    ck_assert_ptr_nonnull(token_read(&token, path, &exposed)); /* and does not wait */
}
END_TEST

/* ---- opening ---- */

static const char *const keys[] = {"Bearer " TOKEN, "bearer " TOKEN, "BEARER " TOKEN};

START_TEST(test_the_scheme_may_be_written_in_any_case)
{
    ck_assert_ptr_null(read_text(TOKEN, strlen(TOKEN)));
    ck_assert(opens(keys[_i]));
}
END_TEST

static const char *const no_keys[] = {
    "",
    "Bearer",
    "Bearer ",
    TOKEN,
    "Basic  " TOKEN,
    "Bearer  0123456789abcde",
    "Bearer 0123456789abcde",
    "Bearer 0123456789abcdef0",
    "Bearer 0123456789abcdeF",
    "Bearer 1123456789abcdef",
    "Bearer\t" TOKEN,
    "Bearer " TOKEN " ",
};

START_TEST(test_nothing_else_opens)
{
    ck_assert_ptr_null(read_text(TOKEN, strlen(TOKEN)));
    ck_assert(!opens(no_keys[_i]));
}
END_TEST

START_TEST(test_without_a_token_nothing_opens)
{
    token = (struct token){0};
    ck_assert(!opens("Bearer "));
    ck_assert(!opens(""));
    ck_assert(!opens("Bearer " TOKEN));
}
END_TEST

START_TEST(test_what_is_forgotten_is_overwritten)
{
    static const struct token nothing;

    ck_assert_ptr_null(read_text(TOKEN, strlen(TOKEN)));
    token_forget(&token);
    ck_assert_mem_eq(&token, &nothing, sizeof token);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("token");
    TCase *tests = suite_case(suite, "token");

    tcase_add_checked_fixture(tests, create_file, remove_file);
    tcase_add_loop_test(tests, test_the_first_line_without_blanks_is_the_token, 0,
                        sizeof good / sizeof *good);
    tcase_add_loop_test(tests, test_a_line_that_is_no_token_is_refused, 0,
                        sizeof bad / sizeof *bad);
    tcase_add_test(tests, test_a_nul_is_no_part_of_a_token);
    tcase_add_test(tests, test_length_is_limited);
    tcase_add_test(tests, test_a_file_that_others_may_read_is_exposed);
    tcase_add_test(tests, test_what_is_no_file_is_refused);
    tcase_add_loop_test(tests, test_the_scheme_may_be_written_in_any_case, 0,
                        sizeof keys / sizeof *keys);
    tcase_add_loop_test(tests, test_nothing_else_opens, 0, sizeof no_keys / sizeof *no_keys);
    tcase_add_test(tests, test_without_a_token_nothing_opens);
    tcase_add_test(tests, test_what_is_forgotten_is_overwritten);
    return suite_run(suite);
}

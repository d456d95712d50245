/*
 * Tests of ctl/admin_section.c: which address a configuration gives, whatever else is in it.
 */
#include "ctl/admin_section.h"

#include "suite.h"

#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <unistd.h>

static char path[] = "/tmp/wsrelayd-test-XXXXXX";
static struct admin_section section;
static char problem[256];

static bool read_text(const char *text)
{
    FILE *file;

    memcpy(path + strlen(path) - 6, "XXXXXX", 6);
    file = fdopen(mkstemp(path), "w");
    ck_assert_ptr_nonnull(file);
    fputs(text, file);
    fclose(file);
    problem[0] = '\0';
    return admin_section_read(path, &section, problem, sizeof problem);
}

static void forget(void)
{
    admin_section_free(&section);
    unlink(path);
}

static const struct {
    const char *text;
    const char *address;
    const char *token_file;
} goods[] = {
    {"admin: {address: \"unix:/run/a.sock\"}", "unix:/run/a.sock", NULL},
    {"admin:\n  address: [\"unix:/a\", \"unix:/b\"]", "unix:/a", NULL},
    {"admin:\n  address: [\"localhost:1\", \"unix:/a\"]\n  token_file: /t", "unix:/a", NULL},
    {"admin:\n  address: [\"localhost:1\", \":2\"]\n  token_file: /t", "localhost:1", "/t"},
    {"admin:\n  address: [\"systemd:x\", \"nonsense\", \"[::1]:2\"]", "[::1]:2", NULL},
    {"admin:\n  address: \"unix:${CTL_TEST:-/from}/a\"\n  token_file: ${CTL_TEST:-/from}",
     "unix:/from/a", NULL},
    {"admin:\n  address: \":1\"\n  token_file: ${CTL_TEST:-/from}", ":1", "/from"},
    {"bogus: ${CTL_TEST_UNDEFINED}\nroutes: 1\nadmin: {address: \"unix:/a\"}", "unix:/a", NULL},
};

START_TEST(test_the_best_address_is_found)
{
    ck_assert_msg(read_text(goods[_i].text), "%s", problem);
    ck_assert_str_eq(section.address, goods[_i].address);
    ck_assert_pstr_eq(section.token_file, goods[_i].token_file);
}
END_TEST

static const char *const bads[][2] = {
    {"listeners: []", "no admin.address"},
    {"admin:", "no admin.address"},
    {"admin: {}", "no admin.address"},
    {"admin: {address: []}", "no admin.address"},
    {"admin: {address: {a: b}}", "no admin.address"},
    {"admin: {address: \"systemd:x\"}", "no admin.address"},
    {"admin: {address: \"${CTL_TEST_UNDEFINED}\"}", "no admin.address"},
    {"- admin", "no admin.address"},
    {"admin: [", "error: "},
    {"", "error: "},
};

START_TEST(test_where_there_is_none_it_says_why)
{
    ck_assert(!read_text(bads[_i][0]));
    ck_assert_msg(strncmp(problem, path, strlen(path)) == 0, "%s", problem);
    ck_assert_msg(strstr(problem, bads[_i][1]) != NULL, "%s", problem);
}
END_TEST

START_TEST(test_a_file_that_is_not_there_is_named)
{
    ck_assert(!admin_section_read("/nonexistent/x", &section, problem, sizeof problem));
    ck_assert_msg(strstr(problem, "/nonexistent/x") != NULL, "%s", problem);
}
END_TEST

int main(void)
{
    Suite *suite = suite_create("admin_section");
    TCase *tests = suite_case(suite, "admin_section");

    tcase_add_checked_fixture(tests, NULL, forget);
    tcase_add_loop_test(tests, test_the_best_address_is_found, 0, sizeof goods / sizeof *goods);
    tcase_add_loop_test(tests, test_where_there_is_none_it_says_why, 0, sizeof bads / sizeof *bads);
    tcase_add_test(tests, test_a_file_that_is_not_there_is_named);
    return suite_run(suite);
}

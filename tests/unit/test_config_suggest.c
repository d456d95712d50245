/*
 * Tests of config/suggest.c: what somebody may have meant.
 */
#include "config/suggest.h"
#include "suite.h"

static const char *const words[] = {
    "handler", "host", "path", "ping_interval", "ping_timeout", "tls", "close", "1.2", "1.3"};

static const struct suggestion_case {
    const char *word;
    const char *expected; /* NULL: nothing is near enough */
} cases[] = {
    {"handlr", "handler"},
    {"handlers", "handler"},
    {"hendler", "handler"},
    {"hnadler", "handler"},
    {"Handler", "handler"},
    {"pth", "path"},
    {"tsl", "tls"},
    {"pingtimeout", "ping_timeout"},
    {"ping_timout", "ping_timeout"},
    {"clsoe", "close"},
    {"hand", "handler"},
    {"ha", NULL},
    {"hxxxler", NULL},
    {"page", NULL},
    {"xy", NULL},
    {"", NULL},
    {"1.1", NULL},
    {"12", NULL},
    {"handlerhandlerhandlerhandlerhandlerhandlerhandlerhandlerhandler", NULL},
};

START_TEST(test_the_nearest_word_is_proposed_if_it_is_near)
{
    const char *proposed = suggest(cases[_i].word, words, sizeof words / sizeof *words);

    if (cases[_i].expected == NULL) {
        ck_assert_ptr_null(proposed);
    } else {
        ck_assert_ptr_nonnull(proposed);
        ck_assert_str_eq(proposed, cases[_i].expected);
    }
}
END_TEST

static Suite *suggest_suite(void)
{
    Suite *suite = suite_create("config suggestions");
    TCase *tcase = tcase_create("suggest");

    tcase_add_loop_test(tcase, test_the_nearest_word_is_proposed_if_it_is_near, 0,
                        sizeof cases / sizeof *cases);
    suite_add_tcase(suite, tcase);
    return suite;
}

int main(void)
{
    return suite_run(suggest_suite());
}
